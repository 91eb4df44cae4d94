/* Which kernels there are, and which ones run here.  Any thread. */
#include "tensor/kernels/kernels.h"

#include "tensor/kernels/kernels_avx2.h"
#include "tensor/kernels/kernels_avx512.h"
#include "tensor/kernels/kernels_base.h"

static bool always(void)
{
    return true;
}

#if SL_BUILDS_AVX
static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2");
}

static bool has_avx512(void)
{
    return __builtin_cpu_supports("avx512f") &&
           __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl");
}
#endif

static const struct sl_kernel_set sets[] = {
#if SL_BUILDS_AVX
    {"avx512", has_avx512, &sl_kernels_avx512},
    {"avx2", has_avx2, &sl_kernels_avx2},
    {"sse2", always, &sl_kernels_base},
#else
    {"generic", always, &sl_kernels_base},
#endif
};

int sl_kernel_sets_n(void)
{
    return (int)(sizeof sets / sizeof *sets);
}

const struct sl_kernel_set *sl_kernel_sets(void)
{
    return sets;
}

const struct sl_kernel_set *sl_kernel_set(void)
{
    const struct sl_kernel_set *set = sets;
    while (!set->runs())
        set++;
    return set;
}

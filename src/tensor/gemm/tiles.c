/* Which tiles run here.  Any thread. */
#include "tensor/gemm/tiles.h"

#include <stddef.h>

#if SL_BUILDS_AVX
bool sl_tiles_run(const struct sl_tiles *tiles)
{
    if (tiles == sl_tiles_avx512())
        return __builtin_cpu_supports("avx512f");
    return tiles && __builtin_cpu_supports("avx2") &&
           __builtin_cpu_supports("fma");
}
#else
const struct sl_tiles *sl_tiles_avx512(void)
{
    return NULL;
}

const struct sl_tiles *sl_tiles_avx2(void)
{
    return NULL;
}

bool sl_tiles_run(const struct sl_tiles *tiles)
{
    return tiles;
}
#endif

const struct sl_tiles *sl_tiles(void)
{
    if (sl_tiles_run(sl_tiles_avx512()))
        return sl_tiles_avx512();
    if (sl_tiles_run(sl_tiles_avx2()))
        return sl_tiles_avx2();
    return NULL;
}

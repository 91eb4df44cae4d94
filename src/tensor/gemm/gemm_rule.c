/* Which backend makes which product.  Any thread. */
#include "tensor/gemm/gemm_rule.h"

#include <string.h>
#include <strings.h>

#include <sluice/gemm.h>

enum {
    PACK_USES = 3,    /* packing takes about as long as it saves in two */
    WEIGHT_ROWS = 64, /* below, oneDNN's weight gradient is the slower one */

    /* Multiply-adds of a product below which OpenBLAS is faster, for a run of
     * oneDNN takes 0.3 us at least; and so if OpenBLAS has AVX-512 kernels. */
    SMALL = 1 << 15,
    SMALL_AVX512 = 1 << 18,
};

static const char *const names[SL_GEMM_CHOICES] = {
    [SL_GEMM_OPENBLAS] = "openblas",
    [SL_GEMM_ONEDNN] = "onednn",
    [SL_GEMM_PLAIN] = "plain",
    [SL_GEMM_AUTO] = "auto",
};

const char *sl_gemm_choice_name(enum sl_gemm_choice choice)
{
    return (unsigned)choice < SL_GEMM_CHOICES ? names[choice] : NULL;
}

bool sl_gemm_choice_is_built(enum sl_gemm_choice choice)
{
    return choice != SL_GEMM_ONEDNN || sl_gemm_onednn();
}

sluice_status sl_gemm_choice_find(const char *name, enum sl_gemm_choice *choice,
                                  sluice_diag *why)
{
    int i = 0;
    while (name && i < SL_GEMM_CHOICES && strcmp(name, names[i]))
        i++;
    if (i == SL_GEMM_CHOICES)
        return sluice_diag_set(why, SLUICE_NOT_FOUND,
                               "no GEMM backend is named %.40s; give openblas, "
                               "onednn, plain or auto",
                               name);
    if (!sl_gemm_choice_is_built(i))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "the GEMM backend %s is not in this build of "
                               "the library; install libdnnl-dev and build it "
                               "again",
                               name);
    *choice = (enum sl_gemm_choice)i;
    return SLUICE_OK;
}

const char *sluice_gemm_name(int i)
{
    return i < 0 ? NULL : sl_gemm_choice_name((enum sl_gemm_choice)i);
}

bool sluice_gemm_is_built(const char *name)
{
    enum sl_gemm_choice choice;
    return name && !sl_gemm_choice_find(name, &choice, NULL);
}

/* What OpenBLAS calls its kernels, by instruction set; all others have AVX2. */
static enum sl_blas_kernels kernels_of(const char *core)
{
    static const char *const old[] = {
        "Prescott", "Core2",       "Penryn",       "Dunnington", "Nehalem",
        "Atom",     "Katmai",      "Coppermine",   "Northwood",  "Banias",
        "Athlon",   "Opteron",     "Opteron_SSE3", "Barcelona",  "Bobcat",
        "Nano",     "Sandybridge", "Bulldozer",    "Piledriver", "Steamroller",
        "unknown",
    };
    static const char *const avx512[] = {"SkylakeX", "Cooperlake",
                                         "SapphireRapids"};
    for (size_t i = 0; i < sizeof avx512 / sizeof *avx512; i++)
        if (!strcasecmp(core, avx512[i]))
            return SL_BLAS_AVX512;
    for (size_t i = 0; i < sizeof old / sizeof *old; i++)
        if (!strcasecmp(core, old[i]))
            return SL_BLAS_OLD;
    return SL_BLAS_AVX2;
}

struct sl_gemm_machine sl_gemm_this_machine(void)
{
    struct sl_gemm_machine machine = {
        .onednn = sl_gemm_onednn(),
        .blas = kernels_of(sl_blas_core()),
    };
#if defined(__x86_64__)
    machine.avx2 = __builtin_cpu_supports("avx2");
    machine.avx512 = __builtin_cpu_supports("avx512f") &&
                     __builtin_cpu_supports("avx512bw") &&
                     __builtin_cpu_supports("avx512dq") &&
                     __builtin_cpu_supports("avx512vl");
#endif
    return machine;
}

static struct sl_gemm_ruling same(const struct sl_gemm_backend *backend,
                                  bool packs)
{
    return (struct sl_gemm_ruling){{backend, backend, backend}, packs};
}

/* The weight gradient: transposing x costs oneDNN more the fewer rows there
 * are, and AVX-512 kernels of OpenBLAS are as fast. */
static const struct sl_gemm_backend *
weight_backend(const struct sl_gemm_machine *machine, int64_t rows)
{
    bool pays = machine->blas == SL_BLAS_OLD ||
                (machine->blas == SL_BLAS_AVX2 && rows >= WEIGHT_ROWS);
    return pays ? sl_gemm_onednn() : sl_gemm_openblas();
}

static bool is_small(const struct sl_gemm_machine *machine, struct sl_gemm size)
{
    double products = (double)size.rows * (double)size.in * (double)size.out;
    return products < (machine->blas == SL_BLAS_AVX512 ? SMALL_AVX512 : SMALL);
}

/* docs/performance.md tells the rule and its reasons. */
static struct sl_gemm_ruling rule(const struct sl_gemm_machine *machine,
                                  struct sl_gemm_use use)
{
    bool is_old = machine->blas == SL_BLAS_OLD && machine->avx2;
    struct sl_gemm_ruling ruling = same(sl_gemm_openblas(), false);
    if (!machine->onednn || !(machine->avx512 || is_old) ||
        is_small(machine, use.size))
        return ruling;
    bool packs = use.n_uses >= PACK_USES;
    if (packs || is_old) {
        ruling.backend[SL_GEMM_FORWARD] = sl_gemm_onednn();
        ruling.backend[SL_GEMM_INPUT] = sl_gemm_onednn();
        ruling.packs = packs;
    }
    ruling.backend[SL_GEMM_WEIGHT] = weight_backend(machine, use.size.rows);
    return ruling;
}

struct sl_gemm_ruling sl_gemm_rule(enum sl_gemm_choice choice,
                                   const struct sl_gemm_machine *machine,
                                   struct sl_gemm_use use)
{
    switch (choice) {
    case SL_GEMM_ONEDNN:
        return same(sl_gemm_onednn(), true);
    case SL_GEMM_PLAIN:
        return same(sl_gemm_plain(), false);
    case SL_GEMM_AUTO:
        return rule(machine, use);
    default:
        return same(sl_gemm_openblas(), false);
    }
}

/* Which backend makes which product.  Any thread. */
#include "tensor/gemm/gemm_rule.h"

#include <stdio.h>
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
    NAMES_BYTES = 128,
};

static const struct choice {
    const char *name;
    const struct sl_gemm_backend *(*backend)(void); /* NULL: rule() decides */
    bool packs;
} choices[SL_GEMM_CHOICES] = {
    [SL_GEMM_OPENBLAS] = {"openblas", sl_gemm_openblas, false},
    [SL_GEMM_ONEDNN] = {"onednn", sl_gemm_onednn, true},
    [SL_GEMM_PLAIN] = {"plain", sl_gemm_plain, false},
    [SL_GEMM_AUTO] = {"auto", NULL, false},
};

const char *sl_gemm_choice_name(enum sl_gemm_choice choice)
{
    return (unsigned)choice < SL_GEMM_CHOICES ? choices[choice].name : NULL;
}

bool sl_gemm_choice_is_built(enum sl_gemm_choice choice)
{
    return !choices[choice].backend || choices[choice].backend();
}

/* "openblas, onednn, plain, auto": all choices, for an error sentence. */
static void list_names(char *text, size_t bytes)
{
    size_t n = 0;
    for (int i = 0; i < SL_GEMM_CHOICES && n < bytes; i++)
        n += (size_t)snprintf(text + n, bytes - n, "%s%s", i ? ", " : "",
                              choices[i].name);
}

sluice_status sl_gemm_choice_find(const char *name, enum sl_gemm_choice *choice,
                                  sluice_diag *why)
{
    int i = 0;
    char all[NAMES_BYTES];
    while (name && i < SL_GEMM_CHOICES && strcmp(name, choices[i].name))
        i++;
    list_names(all, sizeof all);
    if (i == SL_GEMM_CHOICES)
        return sluice_diag_set(why, SLUICE_NOT_FOUND,
                               "no GEMM backend is named %.40s; there are %s",
                               name, all);
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
    if (choice == SL_GEMM_AUTO)
        return rule(machine, use);
    return same(choices[choice].backend(), choices[choice].packs);
}

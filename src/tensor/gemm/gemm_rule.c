/* Which backend makes which product.  Any thread. */
#include "tensor/gemm/gemm_rule.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <sluice/gemm.h>

#include "tensor/gemm/tiles.h"

enum {
    FEW_ROWS = 8,   /* with fewer, packing costs more than it saves ... */
    ANEW_ROWS = 16, /* ... and with fewer if each product packs anew */
    PACK_USES = 2,  /* packing takes less than it saves in two */
    NAMES_BYTES = 128,
};

/* `auto` does not take products that are slower than those of float32. */
static const struct sl_gemm_backend *fast_bf16(void)
{
    return sl_gemm_onednn_bf16_is_slow() ? NULL : sl_gemm_onednn_bf16();
}

static const struct choice {
    const char *name;
    const struct sl_gemm_backend *(*backend)(void); /* NULL: rule() decides */
    bool packs;
    const char *without; /* why there may be none, and what to do */
    const struct sl_gemm_backend *(*bf16)(void); /* NULL: it has none */
} choices[SL_GEMM_CHOICES] = {
    [SL_GEMM_AUTO] = {.name = "auto", .bf16 = fast_bf16},
    [SL_GEMM_OPENBLAS] = {.name = "openblas", .backend = sl_gemm_openblas},
    [SL_GEMM_PACKED] = {.name = "packed",
                        .backend = sl_gemm_packed,
                        .packs = true,
                        .without = "needs a processor with AVX2 and fused "
                                   "multiply-adds; take openblas"},
    [SL_GEMM_ONEDNN] = {.name = "onednn",
                        .backend = sl_gemm_onednn,
                        .packs = true,
                        .without = "is not in this build of the library; "
                                   "install libdnnl-dev and build it again",
                        .bf16 = sl_gemm_onednn_bf16},
    [SL_GEMM_PLAIN] = {.name = "plain",
                       .backend = sl_gemm_plain,
                       .bf16 = sl_gemm_plain_bf16},
};

static const char *const precisions[SL_PRECISIONS] = {
    [SL_FLOAT32] = "float32",
    [SL_BF16] = "bf16",
};

const char *sl_gemm_choice_name(enum sl_gemm_choice choice)
{
    return (unsigned)choice < SL_GEMM_CHOICES ? choices[choice].name : NULL;
}

bool sl_gemm_choice_is_built(enum sl_gemm_choice choice)
{
    return !choices[choice].backend || choices[choice].backend();
}

/* "auto, openblas, packed, ...": all choices, for an error sentence. */
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
        return sluice_diag_set(why, SLUICE_INVALID, "the GEMM backend %s %s",
                               name, choices[i].without);
    *choice = (enum sl_gemm_choice)i;
    return SLUICE_OK;
}

const char *sl_precision_name(enum sl_precision precision)
{
    return (unsigned)precision < SL_PRECISIONS ? precisions[precision] : NULL;
}

/* Why a choice has no products of bfloat16 here, and what to do. */
static sluice_status refuse_bf16(enum sl_gemm_choice choice, sluice_diag *why)
{
    if (!choices[choice].bf16)
        return sluice_diag_set(
            why, SLUICE_INVALID,
            "precision bf16 with the GEMM backend %s, which multiplies float32 "
            "alone; take auto or onednn, or plain, which is slow",
            choices[choice].name);
    if (!sl_gemm_onednn())
        return sluice_diag_set(
            why, SLUICE_INVALID,
            "precision bf16 needs oneDNN, which is not in this build of the "
            "library; install libdnnl-dev and build it again, or take float32");
    if (sl_gemm_onednn_bf16())
        return sluice_diag_set(
            why, SLUICE_INVALID,
            "precision bf16 is slower than float32 on this processor, whose "
            "products of bfloat16 (AVX512_BF16 without AMX) take twice as "
            "long; take float32, or onednn for its roundings");
    return sluice_diag_set(
        why, SLUICE_INVALID,
        "precision bf16 needs a processor with products of bfloat16 "
        "(AVX512_BF16 or AMX), which this one lacks, or oneDNN may not use; "
        "take float32, or the GEMM backend plain, which is slow");
}

sluice_status sl_precision_find(const char *name, enum sl_gemm_choice choice,
                                enum sl_precision *precision, sluice_diag *why)
{
    int i = 0;
    while (name && i < SL_PRECISIONS && strcmp(name, precisions[i]))
        i++;
    if (i == SL_PRECISIONS)
        return sluice_diag_set(
            why, SLUICE_NOT_FOUND,
            "no precision is named %.40s; there are float32 and bf16", name);
    if (i == SL_BF16 && (!choices[choice].bf16 || !choices[choice].bf16()))
        return refuse_bf16(choice, why);
    *precision = (enum sl_precision)i;
    return SLUICE_OK;
}

const char *sluice_precision_name(int i)
{
    return i < 0 ? NULL : sl_precision_name((enum sl_precision)i);
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
    return (struct sl_gemm_machine){
        .packed = sl_gemm_packed(),
        .avx512 = sl_tiles_run(sl_tiles_avx512()),
        .blas = kernels_of(sl_blas_core()),
    };
}

static struct sl_gemm_ruling same(const struct sl_gemm_backend *backend,
                                  bool packs)
{
    return (struct sl_gemm_ruling){{backend, backend, backend}, packs};
}

/* docs/performance.md tells the rule and its reasons. */
static struct sl_gemm_ruling rule(const struct sl_gemm_machine *machine,
                                  struct sl_gemm_use use)
{
    bool pays = machine->avx512 || machine->blas == SL_BLAS_OLD;
    bool packs = use.n_uses >= PACK_USES;
    bool few = use.size.rows < (packs ? FEW_ROWS : ANEW_ROWS) &&
               machine->blas != SL_BLAS_OLD;
    if (!machine->packed || !pays || few)
        return same(sl_gemm_openblas(), false);
    return same(sl_gemm_packed(), packs);
}

struct sl_gemm_ruling sl_gemm_rule(enum sl_gemm_choice choice,
                                   enum sl_precision precision,
                                   const struct sl_gemm_machine *machine,
                                   struct sl_gemm_use use)
{
    bool is_auto = choice == SL_GEMM_AUTO;
    if (precision == SL_BF16 && !(is_auto && use.own)) {
        const struct sl_gemm_backend *backend = choices[choice].bf16();
        return same(backend, backend->preparing != NULL);
    }
    if (is_auto)
        return rule(machine, use);
    return same(choices[choice].backend(), choices[choice].packs);
}

/*
 * Which backend makes which product: what the user asked for, or the rule of
 * `auto`.  Nothing is measured: the same processor, OpenBLAS kernels and shapes
 * give the same choice, and so the same bits.
 *
 * Threads: any.
 */
#ifndef SL_TENSOR_GEMM_GEMM_RULE_H
#define SL_TENSOR_GEMM_GEMM_RULE_H

#include "tensor/gemm/backend.h"

/* Names of what can be asked for. */
enum sl_gemm_choice {
    SL_GEMM_AUTO = 0, /* the default */
    SL_GEMM_OPENBLAS,
    SL_GEMM_PACKED,
    SL_GEMM_ONEDNN,
    SL_GEMM_PLAIN,
    SL_GEMM_CHOICES
};

/* Its name; NULL if it is none. */
const char *sl_gemm_choice_name(enum sl_gemm_choice choice);

/* Whether this build has it. */
bool sl_gemm_choice_is_built(enum sl_gemm_choice choice);

/*
 * The choice of that name; NULL means the default.
 *
 * Returns  SLUICE_OK; SLUICE_NOT_FOUND if there is none, SLUICE_INVALID if it
 *          was not built.
 */
sluice_status sl_gemm_choice_find(const char *name, enum sl_gemm_choice *choice,
                                  sluice_diag *why);

/* Its name, "float32" or "bf16"; NULL if it is none. */
const char *sl_precision_name(enum sl_precision precision);

/*
 * The precision of that name, for products of `choice`; NULL means the default.
 *
 * Returns  SLUICE_OK; SLUICE_NOT_FOUND if there is none; SLUICE_INVALID if the
 *          backend, this build or this processor has no such products.
 */
sluice_status sl_precision_find(const char *name, enum sl_gemm_choice choice,
                                enum sl_precision *precision, sluice_diag *why);

/* What decides besides choice and precision. */
struct sl_gemm_use {
    struct sl_gemm size; /* with the rows of a full micro-batch */
    int n_uses;          /* of the weights between two updates */
    bool own;            /* the layer multiplies by itself, in float32 in each
                            precision: a convolution */
};

/* The backend of each kind of product, and whether weights are packed. */
struct sl_gemm_ruling {
    const struct sl_gemm_backend *backend[SL_GEMM_KINDS];
    bool packs;
};

/* What the rule sees of the machine. */
enum sl_blas_kernels { SL_BLAS_OLD, SL_BLAS_AVX2, SL_BLAS_AVX512 };
struct sl_gemm_machine {
    bool packed; /* the backend is there: AVX2 and fused multiply-adds */
    bool avx512; /* and it has those of AVX-512 */
    enum sl_blas_kernels blas;
};

struct sl_gemm_machine sl_gemm_this_machine(void);

/* The precision is one that sl_precision_find() gave for the choice. */
struct sl_gemm_ruling sl_gemm_rule(enum sl_gemm_choice choice,
                                   enum sl_precision precision,
                                   const struct sl_gemm_machine *machine,
                                   struct sl_gemm_use use);

#endif

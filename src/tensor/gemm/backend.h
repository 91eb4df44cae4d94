/*
 * Backends of matrix products: one table row each.
 *
 * A backend multiplies at once, or it prepares *forms* - products of one kind
 * and size - before the first step, and then runs them without allocating from
 * anything of ours.  What a form needs is known before it is prepared.
 *
 * Threads: any, for the tables; a prepared form belongs to one thread at a
 * time.
 */
#ifndef SL_TENSOR_GEMM_BACKEND_H
#define SL_TENSOR_GEMM_BACKEND_H

#include <stdbool.h>
#include <stddef.h>

#include "tensor/gemm.h"

/* The format in which operands are multiplied.  In memory they are floats, and
 * so are sums and results. */
enum sl_precision {
    SL_FLOAT32 = 0, /* the default */
    SL_BF16,        /* operands are rounded to it, see tensor/bfloat16.h */
    SL_PRECISIONS
};

/* The three products of a layer y = x * w. */
enum sl_gemm_kind {
    SL_GEMM_FORWARD, /* y = x * w */
    SL_GEMM_INPUT,   /* dx = dy * transpose(w) */
    SL_GEMM_WEIGHT,  /* dw = transpose(x) * dy */
    SL_GEMM_KINDS
};

/* Result (+)= left * right, in the shapes of the kind:
 *
 *     forward  x[rows][in],  w[in][out],    y[rows][out]
 *     input    dy[rows][out], w[in][out],   dx[rows][in]
 *     weight   x[rows][in],  dy[rows][out], dw[in][out]
 */
struct sl_operands {
    const float *left;
    const float *right;
    float *result;
    int64_t dy_row;     /* weight: floats from row to row of dy; 0: out */
    int64_t result_row; /* the same of the result; 0: no gaps.  Both are for
                           paneling alone */
};

struct sl_form {
    enum sl_gemm_kind kind;
    struct sl_gemm size;
    enum sl_precision precision;
    bool packs;          /* forward, input: w comes as pack() made it */
    int64_t layout_rows; /* ... by a form of so many rows, else the same */
    bool accumulate;     /* weight: add to the result */
};

struct sl_form_needs {
    size_t packed_bytes;  /* of w as pack() makes it; 0 unless it packs */
    size_t scratch_bytes; /* while it runs */
};

struct sl_prepared;

/* Prepared forms.  Sizes are valid, see sl_gemm_is_valid(). */
struct sl_preparing {
    /*
     * What a form will need.
     *
     * Returns  SLUICE_OK; SLUICE_NOT_FOUND if the backend has no such form;
     *          SLUICE_NO_MEMORY.
     */
    sluice_status (*needs)(const struct sl_form *form,
                           struct sl_form_needs *needs);

    /* Prepare it; takes milliseconds.  Returns as needs(). */
    sluice_status (*prepare)(const struct sl_form *form,
                             struct sl_prepared **prepared);

    /* Write w[in][out] to `packed`, of packed_bytes, aligned to SL_ALIGN. */
    sluice_status (*pack)(struct sl_prepared *prepared, const float *w,
                          void *packed);

    /* Multiply.  `right` is packed if the form packs.  Returns SLUICE_OK, or
     * SLUICE_NO_MEMORY or SLUICE_SYSTEM if the library refused. */
    sluice_status (*run)(struct sl_prepared *prepared,
                         struct sl_operands operands, void *scratch);

    void (*release)(struct sl_prepared *prepared); /* NULL is allowed */
};

/* Parts of a product, which a thread makes: n of them from `first` on. */
struct sl_parts {
    int64_t first;
    int64_t n;
};

/* What the scratch memory of a thread has of the operands of the parts that it
 * made last; `of` is NULL before the first. */
struct sl_left_kept {
    const void *of;
    int64_t number;
};

/* Products of any size that need room and nothing else. */
struct sl_paneling {
    /* Whether a packed copy pays with so many rows and so many uses between
     * two updates; forward and input. */
    bool (*packs)(enum sl_gemm_kind kind, struct sl_gemm size, int n_uses);

    /* Of w[in][out] as pack() makes it, for the forward or the input gradient;
     * and what run() uses meanwhile, with any number of rows. */
    size_t (*packed_bytes)(enum sl_gemm_kind kind, int64_t in, int64_t out);
    size_t (*scratch_bytes)(enum sl_gemm_kind kind, int64_t in, int64_t out,
                            bool is_packed);

    /* Write w[in][out] to `packed`, aligned to SL_ALIGN. */
    void (*pack)(enum sl_gemm_kind kind, int64_t in, int64_t out,
                 const float *w, void *packed);

    /* Multiply.  Forward and input: `right` is packed if is_packed.  Returns
     * SLUICE_OK, or SLUICE_INVALID if a size is out of range. */
    sluice_status (*run)(enum sl_gemm_kind kind, struct sl_gemm size,
                         struct sl_operands operands, bool is_packed,
                         bool accumulate, void *scratch);

    /* How many parts a product can be made in by several threads, each with
     * scratch memory of parts_bytes(), of any number of rows; 0 or 1: it is to
     * be made as a whole.  The parts follow from the sizes alone, and the bits
     * do not depend on them. */
    int64_t (*n_parts)(enum sl_gemm_kind kind, struct sl_gemm size,
                       bool is_packed);
    size_t (*parts_bytes)(enum sl_gemm_kind kind, int64_t in, int64_t out);

    /* Make some.  `kept` belongs to the scratch memory, of products of one kind
     * with the same `left`. */
    void (*make_parts)(enum sl_gemm_kind kind, struct sl_gemm size,
                       struct sl_operands operands, bool is_packed,
                       bool accumulate, struct sl_parts parts,
                       struct sl_left_kept *kept, void *scratch);
};

/* Products of any size that need nothing but a call.  Shapes and returns as
 * those of tensor/gemm.h. */
struct sl_multiplying {
    sluice_status (*forward)(struct sl_gemm size, const float *x,
                             const float *w, bool accumulate, float *y);
    sluice_status (*input)(struct sl_gemm size, const float *dy, const float *w,
                           float *dx);
    sluice_status (*weight)(struct sl_gemm size, const float *x,
                            const float *dy, bool accumulate, float *dw);
};

/* It has one of multiplying, preparing and paneling. */
struct sl_gemm_backend {
    const char *name;

    const struct sl_multiplying *multiplying;

    /* A product by strides, at once, with operands rounded as those of its
     * other products; NULL: it has none.  Returns as sl_gemm_strided(). */
    sluice_status (*strided)(const struct sl_strided *product);

    /* The same of activations with each other, always in float32; NULL leaves
     * it to OpenBLAS. */
    sluice_status (*activations)(const struct sl_strided *product);

    const struct sl_preparing *preparing;
    const struct sl_paneling *paneling;

    /* Write what its bits depend on, besides the sizes, to text[bytes]: its
     * version and what it found the processor to be.  NULL: see
     * <sluice/version.h>. */
    void (*describe)(char *text, size_t bytes);
};

/*
 * A product at once, of a backend that has `multiplying`.  `accumulate` is not
 * for the input gradient.
 *
 * Returns  as sl_gemm_forward().
 */
sluice_status sl_gemm_product(const struct sl_gemm_backend *backend,
                              enum sl_gemm_kind kind, struct sl_gemm size,
                              struct sl_operands operands, bool accumulate);

/* The backends; onednn is NULL if the library was built without it, packed if
 * the processor has no fused multiply-adds. */
const struct sl_gemm_backend *sl_gemm_openblas(void);
const struct sl_gemm_backend *sl_gemm_plain(void);
const struct sl_gemm_backend *sl_gemm_onednn(void);
const struct sl_gemm_backend *sl_gemm_packed(void);

/* The backends that round operands to bfloat16; onednn is NULL, too, if the
 * processor has no products of bfloat16. */
const struct sl_gemm_backend *sl_gemm_plain_bf16(void);
const struct sl_gemm_backend *sl_gemm_onednn_bf16(void);

/* Whether the products of sl_gemm_onednn_bf16(), if there is one, take longer
 * than those of float32: Intel's cores since Golden Cove make half as many
 * additions in a vdpbf16ps as in the fused multiply-adds of that time, and have
 * AMX for such products, which a virtual machine may hide. */
bool sl_gemm_onednn_bf16_is_slow(void);

/*
 * Make OpenMP, on which a backend may stand, use the calling thread alone, or
 * as many threads as before.
 *
 * Threads  any; it is a setting of the calling thread.
 * Returns  the number before; 0 if no backend stands on OpenMP.
 */
int sl_gemm_one_thread(void);
void sl_gemm_restore_threads(int before);

#endif

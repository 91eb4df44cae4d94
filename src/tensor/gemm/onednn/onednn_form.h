/*
 * What a form is to oneDNN: descriptions of its matrices and of the product.
 * The only file that includes dnnl.h; onednn.c includes it by this one.
 *
 * Threads: any, inside a call of blas_calls.h.
 */
#ifndef SL_TENSOR_GEMM_ONEDNN_FORM_H
#define SL_TENSOR_GEMM_ONEDNN_FORM_H

#include <dnnl.h>

#include "tensor/gemm/backend.h"

struct sl_onednn_shapes {
    dnnl_memory_desc_t source;
    dnnl_memory_desc_t weights;  /* the layout to multiply from */
    dnnl_memory_desc_t unpacked; /* if the form packs: w as it lies in memory */
    dnnl_memory_desc_t result;
};

/*
 * Describe the matrices and the product of a form.
 *
 * Returns  dnnl_success, and the caller destroys *desc; dnnl_unimplemented if
 *          oneDNN has no such product; or what else it returned.
 */
dnnl_status_t sl_onednn_describe(const struct sl_form *form,
                                 dnnl_engine_t engine,
                                 struct sl_onednn_shapes *shapes,
                                 dnnl_primitive_desc_t *desc);

/* The scratch that the product wants. */
const dnnl_memory_desc_t *sl_onednn_scratch(const_dnnl_primitive_desc_t desc);

/* Floats that are rounded before each run, to the front of the scratch. */
struct sl_onednn_rounded {
    int64_t left;
    int64_t right; /* behind those of left, from a multiple of SL_ALIGN on */
};

/* All 0 in float32; of weights that are packed, packing rounds. */
struct sl_onednn_rounded sl_onednn_rounded_of(const struct sl_form *form);

/* Bytes of scratch for so many. */
size_t sl_onednn_rounded_bytes(int64_t n);

#endif

/* The backends that need nothing but a call.  Any thread. */
#include "tensor/gemm/backend.h"

#include "tensor/gemm_plain.h"

sluice_status sl_gemm_product(const struct sl_gemm_backend *backend,
                              enum sl_gemm_kind kind, struct sl_gemm size,
                              struct sl_operands at, bool accumulate)
{
    const struct sl_multiplying *by = backend->multiplying;
    switch (kind) {
    case SL_GEMM_FORWARD:
        return by->forward(size, at.left, at.right, accumulate, at.result);
    case SL_GEMM_INPUT:
        return by->input(size, at.left, at.right, at.result);
    default:
        return by->weight(size, at.left, at.right, accumulate, at.result);
    }
}

const struct sl_gemm_backend *sl_gemm_openblas(void)
{
    static const struct sl_multiplying products = {
        sl_gemm_forward, sl_gemm_input, sl_gemm_weight};
    static const struct sl_gemm_backend backend = {
        .name = "openblas",
        .multiplying = &products,
        .strided = sl_gemm_strided,
        .activations = sl_gemm_strided,
    };
    return &backend;
}

const struct sl_gemm_backend *sl_gemm_plain(void)
{
    static const struct sl_multiplying products = {
        sl_gemm_plain_forward, sl_gemm_plain_input, sl_gemm_plain_weight};
    static const struct sl_gemm_backend backend = {
        .name = "plain",
        .multiplying = &products,
        .strided = sl_gemm_plain_strided,
        .activations = sl_gemm_plain_strided,
    };
    return &backend;
}

const struct sl_gemm_backend *sl_gemm_plain_bf16(void)
{
    static const struct sl_multiplying products = {sl_gemm_plain_bf16_forward,
                                                   sl_gemm_plain_bf16_input,
                                                   sl_gemm_plain_bf16_weight};
    static const struct sl_gemm_backend backend = {
        .name = "plain",
        .multiplying = &products,
        .strided = sl_gemm_plain_bf16_strided,
        .activations = sl_gemm_plain_strided,
    };
    return &backend;
}

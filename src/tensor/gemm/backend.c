/* The backends that need nothing but a call.  Any thread. */
#include "tensor/gemm/backend.h"

#include "tensor/gemm_plain.h"

static sluice_status multiply_openblas(enum sl_gemm_kind kind,
                                       struct sl_gemm size,
                                       struct sl_operands at, bool accumulate)
{
    switch (kind) {
    case SL_GEMM_FORWARD:
        return sl_gemm_forward(size, at.left, at.right, accumulate, at.result);
    case SL_GEMM_INPUT:
        return sl_gemm_input(size, at.left, at.right, at.result);
    default:
        return sl_gemm_weight(size, at.left, at.right, accumulate, at.result);
    }
}

static sluice_status multiply_plain(enum sl_gemm_kind kind, struct sl_gemm size,
                                    struct sl_operands at, bool accumulate)
{
    switch (kind) {
    case SL_GEMM_FORWARD:
        return sl_gemm_plain_forward(size, at.left, at.right, accumulate,
                                     at.result);
    case SL_GEMM_INPUT:
        return sl_gemm_plain_input(size, at.left, at.right, at.result);
    default:
        return sl_gemm_plain_weight(size, at.left, at.right, accumulate,
                                    at.result);
    }
}

static sluice_status multiply_plain_bf16(enum sl_gemm_kind kind,
                                         struct sl_gemm size,
                                         struct sl_operands at, bool accumulate)
{
    switch (kind) {
    case SL_GEMM_FORWARD:
        return sl_gemm_plain_bf16_forward(size, at.left, at.right, accumulate,
                                          at.result);
    case SL_GEMM_INPUT:
        return sl_gemm_plain_bf16_input(size, at.left, at.right, at.result);
    default:
        return sl_gemm_plain_bf16_weight(size, at.left, at.right, accumulate,
                                         at.result);
    }
}

const struct sl_gemm_backend *sl_gemm_openblas(void)
{
    static const struct sl_gemm_backend backend = {
        .name = "openblas",
        .multiply = multiply_openblas,
        .strided = sl_gemm_strided,
    };
    return &backend;
}

const struct sl_gemm_backend *sl_gemm_plain(void)
{
    static const struct sl_gemm_backend backend = {
        .name = "plain",
        .multiply = multiply_plain,
        .strided = sl_gemm_plain_strided,
    };
    return &backend;
}

const struct sl_gemm_backend *sl_gemm_plain_bf16(void)
{
    static const struct sl_gemm_backend backend = {
        .name = "plain",
        .multiply = multiply_plain_bf16,
        .strided = sl_gemm_plain_bf16_strided,
    };
    return &backend;
}

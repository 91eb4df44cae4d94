/* A layer's products: settled ones, or OpenBLAS.  The stage's device. */
#include <sluice/layer.h>

#include "nn/layers/positions.h"
#include "nn/team/team.h"
#include "tensor/gemm/team_product.h"

/* A device's columns may have been made by others of its team. */
static sluice_status run_shared(const sluice_layer_call *call, int k,
                                enum sl_gemm_kind kind, int64_t rows,
                                struct sl_operands operands, bool accumulate)
{
    struct sluice_product *product = &call->products[k];
    sluice_status st = sl_team_product_run(
        product, kind, rows, operands,
        call->shards + call->plan->products[k].param * call->team->n_shards,
        accumulate);
    if (!st && sl_team_product_is_shared(product, kind, rows))
        st = sluice_team_meet(call);
    return st;
}

static sluice_status run(const sluice_layer_call *call, int k,
                         enum sl_gemm_kind kind, struct sl_operands operands,
                         bool accumulate)
{
    const sluice_product_spec *spec = &call->plan->products[k];
    int64_t rows =
        sl_size_times(call->rows, spec->rows_per_row ? spec->rows_per_row : 1);
    struct sl_gemm size = {rows, spec->in, spec->out};
    if (!call->products)
        return sl_gemm_product(sl_gemm_openblas(), kind, size, operands,
                               accumulate);
    if (call->team)
        return run_shared(call, k, kind, rows, operands, accumulate);
    return sl_product_run(&call->products[k], kind, rows, operands, accumulate);
}

static const float *weights(const sluice_layer_call *call, int k)
{
    return call->params[call->plan->products[k].param];
}

sluice_status sluice_product_forward(const sluice_layer_call *call, int k,
                                     const float *x, float *y)
{
    struct sl_operands operands = {x, weights(call, k), y};
    return run(call, k, SL_GEMM_FORWARD, operands, false);
}

sluice_status sluice_product_input(const sluice_layer_call *call, int k,
                                   const float *dy, float *dx)
{
    struct sl_operands operands = {dy, weights(call, k), dx};
    return run(call, k, SL_GEMM_INPUT, operands, false);
}

sluice_status sluice_product_weight(const sluice_layer_call *call, int k,
                                    const float *x, const float *dy,
                                    bool accumulate, float *dw)
{
    struct sl_operands operands = {x, dy, dw};
    return run(call, k, SL_GEMM_WEIGHT, operands, accumulate);
}

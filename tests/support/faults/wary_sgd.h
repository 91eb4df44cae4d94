/* SGD that refuses a gradient too large to be true. */
#ifndef SL_TEST_WARY_SGD_H
#define SL_TEST_WARY_SGD_H

#include <sluice/optimizer.h>

static inline sluice_status
sl_test_refuse_large(const sluice_optimizer_call *call)
{
    for (int64_t i = 0; i < call->n; i++)
        if (call->g[i] > 1e30F)
            return sluice_diag_set(call->why, SLUICE_LAYER,
                                   "the gradient is too large");
    return SLUICE_OK;
}

static inline sluice_optimizer_ops sl_test_wary_sgd(void)
{
    sluice_optimizer_ops ops = *sluice_sgd();
    ops.prepare = sl_test_refuse_large;
    return ops;
}

#endif

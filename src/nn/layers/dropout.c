/* Dropout by counter.  The stage's device. */
#include <sluice/layer.h>

#include <string.h>

#include "nn/layers/dropout_mask.h"
#include "nn/layers/positions.h"
#include "nn/rows/given.h"
#include "nn/team/team.h"

static const sluice_option options[] = {
    {
        .name = "rate",
        .help = "probability with which an element is zeroed in training",
        .type = SLUICE_OPTION_REAL,
        .offset = offsetof(sluice_dropout_config, rate),
        .bytes = sizeof(float),
        .required = true,
        .max = 1,
        .below_max = true,
    },
};

static sluice_status infer(const void *config, sluice_layer_plan *plan,
                           sluice_diag *why)
{
    sluice_status given = sl_layer_given("dropout", config, plan, why);
    if (given)
        return given;
    const sluice_dropout_config *dropout = config;
    if (!(dropout->rate >= 0 && dropout->rate < 1))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "dropout: rate %g; it must be at least 0 and "
                               "less than 1",
                               (double)dropout->rate);
    int64_t n = sluice_shape_elements(&plan->in);
    plan->out = plan->in;
    plan->by_position = true;
    plan->forward_row_flops = sl_size_times(n, 2);
    plan->input_row_flops = plan->forward_row_flops;
    return SLUICE_OK;
}

/* This device's elements of a row: whole blocks of the mask. */
static struct sl_rows own_elements(const sluice_layer_call *call, int64_t n)
{
    int64_t blocks = (n - 1) / SL_DROPOUT_BLOCK + 1;
    struct sl_rows own = sl_team_vectors(call, blocks);
    int64_t first = own.first * SL_DROPOUT_BLOCK;
    int64_t end = first + own.n * SL_DROPOUT_BLOCK;
    return (struct sl_rows){first, (end < n ? end : n) - first};
}

/* Forward and backward are the same product with the same mask. */
static void mask(const sluice_layer_call *call, const float *from, float *to)
{
    const sluice_dropout_config *dropout = call->config;
    int64_t n = sluice_shape_elements(&call->plan->in);
    bool keeps_all = !call->training || dropout->rate == 0;
    struct sl_rows own = own_elements(call, n);
    for (int64_t r = 0; r < call->rows && own.n > 0; r++) {
        int64_t at = r * n + own.first;
        const struct sl_dropout_mask mask = {
            .call = call,
            .row = r,
            .first_block = own.first / SL_DROPOUT_BLOCK,
            .n = own.n,
            .rate = dropout->rate,
        };
        if (keeps_all)
            memcpy(to + at, from + at, (size_t)own.n * sizeof *to);
        else
            sl_dropout_mask_apply(&mask, from + at, to + at);
    }
}

static sluice_status forward(const sluice_layer_call *call)
{
    mask(call, call->x, call->y);
    return SLUICE_OK;
}

static sluice_status backward_input(const sluice_layer_call *call)
{
    if (call->dx)
        mask(call, call->dy, call->dx);
    return SLUICE_OK;
}

static const sluice_layer_ops dropout_ops = {
    .name = "dropout",
    .config_bytes = sizeof(sluice_dropout_config),
    .help = "zeroes elements at random in training",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .infer = infer,
    .forward = forward,
    .backward_input = backward_input,
    .team = SLUICE_TEAM_SHARES,
};

const sluice_layer_ops *sluice_dropout(void)
{
    return &dropout_ops;
}

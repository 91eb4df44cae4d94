/* Huber's loss, linear from `delta` on: a loss that is one file and one row. */
#include "nn/losses/loss_table.h"

#include <math.h>
#include <stddef.h>

struct config {
    double delta;
};

static const sluice_option options[] = {
    {
        .name = "delta",
        .help = "distance from which on it is linear",
        .type = SLUICE_OPTION_REAL,
        .offset = offsetof(struct config, delta),
        .bytes = sizeof(double),
        .preset = 1,
        .max = 1000,
        .above_min = true,
    },
};

static sluice_status infer(sluice_loss_plan *plan, sluice_diag *why)
{
    (void)why;
    plan->row_terms = sluice_shape_elements(&plan->out);
    plan->target_row_bytes = plan->row_terms * (int64_t)sizeof(float);
    plan->target_type = SLUICE_F32;
    return SLUICE_OK;
}

static float delta_of(const sluice_loss_call *call)
{
    const struct config *config = call->plan->config;
    return (float)config->delta;
}

static sluice_status forward(const sluice_loss_call *call, double *sum,
                             int64_t *correct)
{
    const float *t = call->targets;
    float delta = delta_of(call);
    *sum = 0;
    *correct = 0;
    for (int64_t i = 0; i < call->rows * call->plan->row_terms; i++) {
        float e = fabsf(call->y[i] - t[i]);
        *sum += e < delta ? 0.5F * e * e : delta * (e - 0.5F * delta);
    }
    return SLUICE_OK;
}

static sluice_status backward(const sluice_loss_call *call, float scale,
                              float *dy)
{
    const float *t = call->targets;
    float delta = delta_of(call);
    for (int64_t i = 0; i < call->rows * call->plan->row_terms; i++)
        dy[i] = scale * fmaxf(-delta, fminf(delta, call->y[i] - t[i]));
    return SLUICE_OK;
}

static const sluice_loss_ops huber = {
    .name = "huber",
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .config_bytes = sizeof(struct config),
    .help = "quadratic near the target, linear beyond",
    .options = options,
    .n_options = sizeof options / sizeof *options,
};

const sluice_loss_ops *sl_huber(void)
{
    return &huber;
}

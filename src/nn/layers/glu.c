/* Gated linear units: half of the input is the gate of the other half.  The
 * stage's device. */
#include <sluice/sequence_layers.h>

#include <inttypes.h>

#include "nn/layers/activation.h"
#include "nn/layers/positions.h"
#include "nn/rows/given.h"
#include "nn/team/team.h"
#include "tensor/elementwise.h"

static const sluice_option options[] = {
    {
        .name = "activation",
        .help = "what is applied to the first half; silu for SwiGLU",
        .type = SLUICE_OPTION_CHOICE,
        .offset = offsetof(sluice_glu_config, activation),
        .bytes = sizeof(sluice_activation),
        .required = true,
        .choice = sl_activation_word,
    },
};

static const struct sl_activation *activation_of(const void *config)
{
    const sluice_glu_config *glu = config;
    return sl_activation_get(glu->activation);
}

static sluice_status infer(const void *config, sluice_layer_plan *plan,
                           sluice_diag *why)
{
    sluice_status given = sl_layer_given("glu", config, plan, why);
    if (given)
        return given;
    const struct sl_activation *act = activation_of(config);
    if (!act)
        return sluice_diag_set(
            why, SLUICE_INVALID, "glu: %d is not a sluice_activation",
            (int)((const sluice_glu_config *)config)->activation);
    plan->out = plan->in;
    int64_t *width = &plan->out.dims[plan->out.n_dims - 1];
    if (*width % 2 != 0)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "glu: %" PRId64 " elements along the last "
                               "dimension of its input; their number must be "
                               "even, as it is halved",
                               *width);
    *width /= 2;
    int64_t n = sluice_shape_elements(&plan->out);
    plan->by_position = true;
    plan->needs_x = true;
    plan->forward_row_flops = sl_size_times(n, act->flops + 1);
    plan->input_row_flops = sl_size_times(n, 2 * act->flops + 2);
    return SLUICE_OK;
}

/* The elements of a half, and which pairs of them are this device's. */
struct halves {
    int64_t width;
    int64_t first;
    int64_t end;
};

static struct halves halves_of(const sluice_layer_call *call)
{
    const sluice_shape *out = &call->plan->out;
    int64_t width = out->dims[out->n_dims - 1];
    struct sl_rows own = sl_team_vectors(
        call, call->rows * (sluice_shape_elements(out) / width));
    return (struct halves){width, own.first, own.first + own.n};
}

static sluice_status forward(const sluice_layer_call *call)
{
    const struct sl_activation *act = activation_of(call->config);
    struct halves halves = halves_of(call);
    int64_t width = halves.width;
    for (int64_t i = halves.first; i < halves.end; i++) {
        const float *a = call->x + 2 * i * width;
        float *y = call->y + i * width;
        act->forward(1, width, a, NULL, NULL, y);
        sl_multiply(width, y, a + width, y);
    }
    return SLUICE_OK;
}

/* da = dy * b * act'(a) and db = dy * act(a); act(a) stands in the place of db
 * until act' has read it. */
static sluice_status backward_input(const sluice_layer_call *call)
{
    const struct sl_activation *act = activation_of(call->config);
    struct halves halves = halves_of(call);
    int64_t width = halves.width;
    if (!call->dx)
        return SLUICE_OK;
    for (int64_t i = halves.first; i < halves.end; i++) {
        const float *a = call->x + 2 * i * width;
        const float *dy = call->dy + i * width;
        float *da = call->dx + 2 * i * width, *db = da + width;
        act->forward(1, width, a, NULL, NULL, db);
        sl_multiply(width, dy, a + width, da);
        act->backward(width, act->from_z ? a : db, da, da);
        sl_multiply(width, dy, db, db);
    }
    return SLUICE_OK;
}

static const sluice_layer_ops glu_ops = {
    .name = "glu",
    .config_bytes = sizeof(sluice_glu_config),
    .help = "the activation of one half of the elements times the other half",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .infer = infer,
    .forward = forward,
    .backward_input = backward_input,
    .team = SLUICE_TEAM_SHARES,
};

const sluice_layer_ops *sluice_glu(void)
{
    return &glu_ops;
}

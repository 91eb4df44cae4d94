/* An activation as a layer of its own.  The stage's device. */
#include <sluice/layer.h>

#include "nn/layers/activation.h"
#include "nn/layers/positions.h"
#include "nn/rows/given.h"
#include "nn/team/team.h"

static const sluice_option options[] = {
    {
        .name = "activation",
        .help = "what is applied to each element",
        .type = SLUICE_OPTION_CHOICE,
        .offset = offsetof(sluice_activate_config, activation),
        .bytes = sizeof(sluice_activation),
        .required = true,
        .choice = sl_activation_word,
    },
};

static sluice_status infer(const void *config, sluice_layer_plan *plan,
                           sluice_diag *why)
{
    sluice_status given = sl_layer_given("activate", config, plan, why);
    if (given)
        return given;
    const sluice_activate_config *activate = config;
    const struct sl_activation *act = sl_activation_get(activate->activation);
    if (!act)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "activate: %d is not a sluice_activation",
                               (int)activate->activation);
    int64_t n = sluice_shape_elements(&plan->in);
    plan->out = plan->in;
    plan->by_position = true;
    plan->needs_x = act->from_z;
    plan->needs_y = act->from_y;
    plan->forward_row_flops = sl_size_times(n, act->flops);
    plan->input_row_flops = plan->forward_row_flops;
    return SLUICE_OK;
}

/* This device's elements of all rows. */
static struct sl_rows own_elements(const sluice_layer_call *call)
{
    return sl_team_share(call,
                         call->rows * sluice_shape_elements(&call->plan->in));
}

static sluice_status forward(const sluice_layer_call *call)
{
    const sluice_activate_config *activate = call->config;
    struct sl_rows own = own_elements(call);
    sl_activation_get(activate->activation)
        ->forward(1, own.n, call->x + own.first, NULL, NULL,
                  call->y + own.first);
    return SLUICE_OK;
}

static sluice_status backward_input(const sluice_layer_call *call)
{
    const sluice_activate_config *activate = call->config;
    const struct sl_activation *act = sl_activation_get(activate->activation);
    struct sl_rows own = own_elements(call);
    const float *z = act->from_z ? call->x : call->y;
    if (call->dx)
        act->backward(own.n, z ? z + own.first : NULL, call->dy + own.first,
                      call->dx + own.first);
    return SLUICE_OK;
}

static const sluice_layer_ops activate_ops = {
    .name = "activate",
    .config_bytes = sizeof(sluice_activate_config),
    .help = "an activation, element by element",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .infer = infer,
    .forward = forward,
    .backward_input = backward_input,
    .team = SLUICE_TEAM_SHARES,
};

const sluice_layer_ops *sluice_activate(void)
{
    return &activate_ops;
}

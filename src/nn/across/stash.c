/* A tensor that goes on to a later layer, too.  The stage's device. */
#include <sluice/across_layers.h>

#include <string.h>

#include "tensor/elementwise.h"

static const sluice_option options[] = {
    {
        .name = "name",
        .help = "which pop takes it",
        .type = SLUICE_OPTION_NAME,
        .offset = offsetof(sluice_stash_config, name),
        .bytes = SLUICE_SKIP_NAME,
        .required = true,
    },
};

static sluice_status infer(const void *config, sluice_layer_plan *plan,
                           sluice_diag *why)
{
    (void)config; /* the model pairs names */
    (void)why;
    plan->out = plan->in;
    plan->skip = plan->in;
    return SLUICE_OK;
}

static int64_t n_elements(const sluice_layer_call *call)
{
    return call->rows * sluice_shape_elements(&call->plan->in);
}

static sluice_status forward(const sluice_layer_call *call)
{
    size_t bytes = (size_t)n_elements(call) * sizeof *call->y;
    memcpy(call->y, call->x, bytes);
    if (call->skip)
        memcpy(call->skip, call->x, bytes);
    return SLUICE_OK;
}

/* dx = dy + what comes back from the pop, in this order. */
static sluice_status backward_input(const sluice_layer_call *call)
{
    if (!call->dx)
        return SLUICE_OK;
    memcpy(call->dx, call->dy, (size_t)n_elements(call) * sizeof *call->dx);
    sl_add(n_elements(call), call->skip, call->dx);
    return SLUICE_OK;
}

static const sluice_layer_ops stash_ops = {
    .name = "stash",
    .config_bytes = sizeof(sluice_stash_config),
    .help = "x, which also goes to the pop of that name, on whatever stage",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .infer = infer,
    .forward = forward,
    .backward_input = backward_input,
};

const sluice_layer_ops *sluice_stash(void)
{
    return &stash_ops;
}

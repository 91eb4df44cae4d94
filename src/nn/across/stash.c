/* A tensor that goes on to a later layer, too.  The stage's device. */
#include <sluice/across_layers.h>

#include <string.h>

#include "nn/team/team.h"
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

/* This device's elements of all rows. */
static struct sl_rows own_elements(const sluice_layer_call *call)
{
    return sl_team_share(call,
                         call->rows * sluice_shape_elements(&call->plan->in));
}

static sluice_status forward(const sluice_layer_call *call)
{
    struct sl_rows own = own_elements(call);
    size_t bytes = (size_t)own.n * sizeof *call->y;
    memcpy(call->y + own.first, call->x + own.first, bytes);
    if (call->skip)
        memcpy(call->skip + own.first, call->x + own.first, bytes);
    return SLUICE_OK;
}

/* dx = dy + what comes back from the pop, in this order. */
static sluice_status backward_input(const sluice_layer_call *call)
{
    if (!call->dx)
        return SLUICE_OK;
    struct sl_rows own = own_elements(call);
    memcpy(call->dx + own.first, call->dy + own.first,
           (size_t)own.n * sizeof *call->dx);
    sl_add(own.n, call->skip + own.first, call->dx + own.first);
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
    .team = SLUICE_TEAM_SHARES,
};

const sluice_layer_ops *sluice_stash(void)
{
    return &stash_ops;
}

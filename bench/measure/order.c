/* The order of a pipeline's work.  The main thread. */
#include "bench/measure/order.h"

sluice_schedule_config order_config(const struct order_options *order,
                                    int devices, int microbatches)
{
    return (sluice_schedule_config){
        .name = order->schedule,
        .devices = devices,
        .microbatches = microbatches,
        .backward_order = (sluice_backward_order)order->backward_order,
        .chunks = order->chunks,
        .group = order->group,
        .warm_up = order->warm_up,
        .vertical_sync = order->vertical_sync,
    };
}

sluice_status order_schedule(const struct order_options *order, int devices,
                             int microbatches, sluice_schedule **out,
                             sluice_diag *why)
{
    const sluice_schedule_config config =
        order_config(order, devices, microbatches);
    sluice_schedule *plain;
    sluice_status st = sluice_schedule_generate(&config, &plain, why);
    if (st)
        return st;
    st = sluice_schedule_remat(plain, (sluice_remat)order->remat, out, why);
    sluice_schedule_destroy(plain);
    return st;
}

void order_apply(const struct order_options *order,
                 sluice_pipeline_config *config)
{
    config->schedule = order->schedule;
    config->backward_order = (sluice_backward_order)order->backward_order;
    config->remat = (sluice_remat)order->remat;
    config->chunks = order->chunks;
    config->group = order->group;
    config->warm_up = order->warm_up;
    config->vertical_sync = order->vertical_sync;
    config->join_weights = order->join_weights;
    config->queue_capacity = order->capacity;
}

/* The micro-batches that stages have come to, and which ways they went. */
struct ways {
    int last[SLUICE_MAX_STAGES]; /* -1: none yet */
    bool up;
    bool down;
};

static void look_at_device(const sluice_schedule *schedule, int device,
                           struct ways *ways)
{
    int n;
    const sluice_action *actions =
        sluice_schedule_actions(schedule, device, &n);
    for (int i = 0; i < n; i++) {
        sluice_action action = actions[i];
        if (action.kind != SLUICE_B && action.kind != SLUICE_W)
            continue;
        int *last = &ways->last[action.stage];
        if (*last >= 0 && action.microbatch > *last)
            ways->up = true;
        else if (*last >= 0)
            ways->down = true;
        *last = action.microbatch;
    }
}

bool order_find(const sluice_schedule *schedule, sluice_backward_order *order)
{
    struct ways ways = {.up = false};
    for (int s = 0; s < SLUICE_MAX_STAGES; s++)
        ways.last[s] = -1;
    for (int d = 0; d < sluice_schedule_n_devices(schedule); d++)
        look_at_device(schedule, d, &ways);
    *order = ways.up ? SLUICE_IN_ORDER : SLUICE_REVERSE;
    return !(ways.up && ways.down);
}

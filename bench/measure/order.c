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

/*
 * ZB-H1 (Qi et al., 2023, section 2.1): 1F1B with the backward split, so that
 * weight gradients, for which no device waits, fill the bubble: device r delays
 * them by r.  Idle (p - 1)(tF + tI - tW); p activations from F to W on every
 * device.
 */
#include "sched/generators/patterns/zero_bubble.h"

#include <math.h>

static void write(struct sl_writer *writer,
                  const sluice_schedule_config *config)
{
    int behind = config->devices - 1 - writer->device;
    sl_write_zero_bubble(writer, config, behind, writer->device);
}

/* Where weight gradients are long, they hold up what they were to fill. */
static double idle(const sluice_schedule_config *config,
                   const sluice_device_costs *costs)
{
    if (config->microbatches < config->devices)
        return NAN;
    double third = costs->forward + costs->input - costs->weight;
    return (config->devices - 1) *
           fmax(third, fmax(costs->forward, costs->input));
}

static void promise(const sluice_schedule_config *config, int r,
                    struct sl_promise *promise)
{
    (void)r;
    promise->activations = sl_least(config->microbatches, config->devices);
}

const struct sl_generator sl_generator_zb_h1 = {
    .name = "zb-h1",
    .summary = "1f1b, weight gradients in a third of the bubble",
    .cell_actions = 3,
    .n_stages = sl_one_stage_each,
    .place = sl_in_a_loop,
    .write = write,
    .idle = idle,
    .promise = promise,
};

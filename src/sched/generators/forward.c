/* Forwards only, no update: evaluation and inference. */
#include "sched/generators/generator.h"

static void write(struct sl_writer *writer,
                  const sluice_schedule_config *config)
{
    for (int m = 0; m < config->microbatches; m++)
        sl_write(writer, SLUICE_F, writer->device, m);
}

static double idle(const sluice_schedule_config *config,
                   const sluice_device_costs *costs)
{
    return (config->devices - 1) * costs->forward;
}

static void promise(const sluice_schedule_config *config, int r,
                    struct sl_promise *promise)
{
    (void)r;
    (void)config;
    promise->activations = 0;
}

const struct sl_generator sl_generator_forward = {
    .name = "forward",
    .summary = "forwards only, for evaluation and inference",
    .cell_actions = 1,
    .n_stages = sl_one_stage_each,
    .place = sl_in_a_loop,
    .write = write,
    .idle = idle,
    .forward_only = true,
    .promise = promise,
};

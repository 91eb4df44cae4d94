/*
 * PipeDream (Narayanan et al., 2019, section 3.2): 1F1B that never drains.
 * After each backward the device updates at once; a micro-batch's backward uses
 * the weights of its forward, so device r of p keeps p - r versions, and a
 * gradient is p - 1 - r updates late.
 *
 * With vertical sync all devices use the version that the first one used
 * (section 3.3): the same staleness everywhere, more versions on the last ones.
 */
#include "sched/generators/patterns/in_turn.h"

static int version(const sluice_schedule_config *config, int microbatch)
{
    int depth = config->devices - 1; /* how late the first device is */
    if (!config->vertical_sync)
        return 0;
    return microbatch < depth ? 1 : microbatch - depth + 1;
}

static void write(struct sl_writer *writer,
                  const sluice_schedule_config *config)
{
    sl_write_in_turn(writer, config,
                     (struct sl_in_turn){
                         .warm_up = config->devices - 1 - writer->device,
                         .group = 1,
                         .version = version,
                     });
}

const struct sl_generator sl_generator_pipedream = {
    .name = "pipedream",
    .summary = "1f1b without flush, an update for each micro-batch (PipeDream)",
    .n_stages = sl_one_stage_each,
    .place = sl_in_a_loop,
    .write = write,
};

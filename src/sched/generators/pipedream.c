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

static void promise(const sluice_schedule_config *config, int r,
                    struct sl_promise *promise)
{
    sl_promise_of_1f1b(config, r, promise);
    promise->versions = promise->activations;
}

static const sluice_schedule_option options[] = {
    {.name = "vertical-sync",
     .help = "A micro-batch uses on all devices the weight version that it "
             "used on the first",
     .offset = offsetof(sluice_schedule_config, vertical_sync),
     .is_flag = true},
};

const struct sl_generator sl_generator_pipedream = {
    .name = "pipedream",
    .summary = "1f1b without flush, an update for each micro-batch (PipeDream)",
    .n_stages = sl_one_stage_each,
    .place = sl_in_a_loop,
    .write = write,
    .options = options,
    .n_options = 1,
    .promise = promise,
};

/*
 * Eager 1F1B: 1F1B that warms up further, by `warm_up` forwards, two of them by
 * default, for each stage behind.  The same bubble; but each steady action's
 * input is made an action earlier, so that a hand-off may take a while, at the
 * price of up to min(m, 2(p - r) - 1) activations on device r.
 */
#include "sched/generators/patterns/in_turn.h"

static void write(struct sl_writer *writer,
                  const sluice_schedule_config *config)
{
    int behind = config->devices - 1 - writer->device;
    sl_write_in_turn(writer, config,
                     (struct sl_in_turn){
                         .warm_up = config->warm_up * behind,
                         .group = config->microbatches,
                     });
}

static void promise(const sluice_schedule_config *config, int r,
                    struct sl_promise *promise)
{
    promise->activations = sl_least(
        config->microbatches, config->warm_up * (config->devices - 1 - r) + 1);
}

static const sluice_schedule_option options[] = {
    SL_OPTION_WARM_UP,
};

const struct sl_generator sl_generator_eager_1f1b = {
    .name = "eager-1f1b",
    .summary = "1f1b that warms up further, against slow hand-offs",
    .n_stages = sl_one_stage_each,
    .place = sl_in_a_loop,
    .write = write,
    .idle = sl_idle_of_flush,
    .options = options,
    .n_options = 1,
    .promise = promise,
};

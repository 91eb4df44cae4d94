/*
 * PipeDream-2BW (Narayanan et al., 2021, section 3.1): 1F1B without flush and
 * an update for each group of micro-batches, with the weights of one update
 * before: W(t+1) = W(t) - lr * gradient(W(t-1)).  So two versions are enough on
 * every device, and the delay is 1 everywhere.  A group must be at least as
 * large as there are devices.
 */
#include "sched/generators/patterns/in_turn.h"

static sluice_status admit(const sluice_schedule_config *config,
                           sluice_diag *why)
{
    if (config->microbatches % config->group == 0)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "pipedream-2bw with %d micro-batches in groups of "
                           "%d: give a multiple of the group, which is at "
                           "least the number of devices",
                           config->microbatches, config->group);
}

static int version(const sluice_schedule_config *config, int microbatch)
{
    int group = microbatch / config->group;
    return group ? group : 1;
}

static void write(struct sl_writer *writer,
                  const sluice_schedule_config *config)
{
    sl_write_in_turn(writer, config,
                     (struct sl_in_turn){
                         .warm_up = config->devices - 1 - writer->device,
                         .group = config->group,
                         .version = version,
                     });
}

static void promise(const sluice_schedule_config *config, int r,
                    struct sl_promise *promise)
{
    sl_promise_of_1f1b(config, r, promise);
    promise->versions = config->microbatches > config->group ? 2 : 1;
}

static const sluice_schedule_option options[] = {
    SL_OPTION_GROUP("into one update"),
};

const struct sl_generator sl_generator_pipedream_2bw = {
    .name = "pipedream-2bw",
    .summary = "1f1b without flush, two versions of the weights",
    .n_stages = sl_one_stage_each,
    .place = sl_in_a_loop,
    .admit = admit,
    .write = write,
    .options = options,
    .n_options = 1,
    .promise = promise,
};

/*
 * PipeDream-2BW (Narayanan et al., 2021, section 3.1): 1F1B without flush and
 * an update for each group of micro-batches, with the weights of one update
 * before: W(t+1) = W(t) - lr * gradient(W(t-1)).  So two versions are enough on
 * every device, and the delay is 1 everywhere.  A group must be at least as
 * large as there are devices.
 */
#include "sched/generator.h"

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

static void put_forward(struct sl_writer *writer,
                        const sluice_schedule_config *config, int m)
{
    int group = m / config->group;
    sl_write_version(writer, SLUICE_F, writer->device, m, group ? group : 1);
}

static void write(struct sl_writer *writer,
                  const sluice_schedule_config *config)
{
    int n = config->microbatches;
    int warm_up = config->devices - 1 - writer->device;
    for (int m = 0; m < warm_up; m++)
        put_forward(writer, config, m);
    for (int m = 0; m < n; m++) {
        if (warm_up + m < n)
            put_forward(writer, config, warm_up + m);
        sl_write(writer, SLUICE_B, writer->device, m);
        if ((m + 1) % config->group == 0)
            sl_write(writer, SLUICE_UPDATE, writer->device, -1);
    }
}

const struct sl_generator sl_generator_pipedream_2bw = {
    .name = "pipedream-2bw",
    .summary = "1f1b without flush, two versions of the weights",
    .n_stages = sl_one_stage_each,
    .place = sl_in_a_loop,
    .admit = admit,
    .write = write,
};

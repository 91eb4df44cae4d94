/*
 * PipeDream (Narayanan et al., 2019, section 3.2): 1F1B that never drains.
 * After each backward the device updates at once; a micro-batch's backward uses
 * the weights of its forward, so device r of p keeps p - r versions, and a
 * gradient is p - 1 - r updates late.
 *
 * With vertical sync all devices use the version that the first one used
 * (section 3.3): the same staleness everywhere, more versions on the last ones.
 */
#include "sched/generator.h"

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

static void put_forward(struct sl_writer *writer,
                        const sluice_schedule_config *config, int m)
{
    int depth = config->devices - 1; /* how late the first device is */
    int version = m < depth ? 1 : m - depth + 1;
    sl_write_version(writer, SLUICE_F, writer->device, m,
                     config->vertical_sync ? version : 0);
}

static void write(struct sl_writer *writer,
                  const sluice_schedule_config *config)
{
    int n = config->microbatches;
    int warm_up = smaller(n, config->devices - 1 - writer->device);
    for (int m = 0; m < warm_up; m++)
        put_forward(writer, config, m);
    for (int m = 0; m < n; m++) {
        if (warm_up + m < n)
            put_forward(writer, config, warm_up + m);
        sl_write(writer, SLUICE_B, writer->device, m);
        sl_write(writer, SLUICE_UPDATE, writer->device, -1);
    }
}

const struct sl_generator sl_generator_pipedream = {
    .name = "pipedream",
    .summary = "1f1b without flush, an update for each micro-batch (PipeDream)",
    .n_stages = sl_one_stage_each,
    .place = sl_in_a_loop,
    .write = write,
};

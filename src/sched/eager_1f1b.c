/*
 * Eager 1F1B: 1F1B that warms up further, by `warm_up` forwards, two of them by
 * default, for each stage behind.  The same bubble; but each steady action's
 * input is made an action earlier, so that a hand-off may take a while, at the
 * price of up to min(m, 2(p - r) - 1) activations on device r.
 */
#include "sched/generator.h"

static void write(struct sl_writer *writer,
                  const sluice_schedule_config *config)
{
    int stage = writer->device;
    int n = config->microbatches;
    int ahead = config->warm_up * (config->devices - 1 - stage);
    int warm_up = n < ahead ? n : ahead;
    for (int m = 0; m < warm_up; m++)
        sl_write(writer, SLUICE_F, stage, m);
    for (int m = 0; m < n - warm_up; m++) {
        sl_write(writer, SLUICE_F, stage, warm_up + m);
        sl_write(writer, SLUICE_B, stage, m);
    }
    for (int m = n - warm_up; m < n; m++)
        sl_write(writer, SLUICE_B, stage, m);
    sl_write_updates(writer);
}

const struct sl_generator sl_generator_eager_1f1b = {
    .name = "eager-1f1b",
    .summary = "1f1b that warms up further, against slow hand-offs",
    .n_stages = sl_one_stage_each,
    .place = sl_in_a_loop,
    .write = write,
    .idle = sl_idle_of_flush,
};

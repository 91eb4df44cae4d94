/*
 * 1F1B with a flush (PipeDream-flush; Narayanan et al., 2021, section 2): as
 * many forwards as there are stages behind this one, then one forward and one
 * backward in turn, then the remaining backwards.  GPipe's bubble, but device r
 * of p holds min(m, p - r) activations only.
 */
#include "sched/generator.h"

static void write(struct sl_writer *writer,
                  const sluice_schedule_config *config)
{
    int stage = writer->device;
    int n = config->microbatches;
    int behind = config->devices - 1 - stage;
    int warm_up = n < behind ? n : behind;
    for (int m = 0; m < warm_up; m++)
        sl_write(writer, SLUICE_F, stage, m);
    for (int m = 0; m < n - warm_up; m++) {
        sl_write(writer, SLUICE_F, stage, warm_up + m);
        sl_write(writer, SLUICE_B, stage, m);
    }
    for (int m = n - warm_up; m < n; m++)
        sl_write(writer, SLUICE_B, stage, m);
    sl_write(writer, SLUICE_UPDATE, stage, -1);
}

const struct sl_generator sl_generator_1f1b = {
    .name = "1f1b",
    .summary = "one forward, one backward in turn (PipeDream-flush)",
    .n_stages = sl_one_stage_each,
    .place = sl_in_a_loop,
    .write = write,
    .idle = sl_idle_of_flush,
};

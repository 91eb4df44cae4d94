/*
 * GPipe (Huang et al., 2019): all forwards, then all backwards, then the
 * update.  The paper's figure and torchgpipe run the backwards in reverse;
 * PyTorch runs them in order.  Bubble (K-1)/(M+K-1) of the makespan in either.
 */
#include "sched/generators/generator.h"

static void write(struct sl_writer *writer,
                  const sluice_schedule_config *config)
{
    int stage = writer->device;
    int n = config->microbatches;
    for (int m = 0; m < n; m++)
        sl_write(writer, SLUICE_F, stage, m);
    for (int i = 0; i < n; i++) {
        int m = config->backward_order == SLUICE_REVERSE ? n - 1 - i : i;
        sl_write(writer, SLUICE_B, stage, m);
    }
    sl_write(writer, SLUICE_UPDATE, stage, -1);
}

static void promise(const sluice_schedule_config *config, int r,
                    struct sl_promise *promise)
{
    (void)r;
    promise->activations = config->microbatches;
}

const struct sl_generator sl_generator_gpipe = {
    .name = "gpipe",
    .summary = "all forwards, then all backwards (GPipe)",
    .n_stages = sl_one_stage_each,
    .place = sl_in_a_loop,
    .write = write,
    .idle = sl_idle_of_flush,
    .promise = promise,
};

/*
 * DualPipe-V: DualPipe cut in half (DeepSeek-AI, 2025).  Each device holds two
 * chunks in a V, a micro-batch's way back taking the place of the other
 * direction's way there; so there is one copy of the parameters.
 */
#include "sched/generators/patterns/dual.h"

static sluice_status admit(const sluice_schedule_config *config,
                           sluice_diag *why)
{
    int p = config->devices, m = config->microbatches;
    if (m >= 2 * p)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "dualpipe-v with %d devices and %d micro-batches: "
                           "give at least %d micro-batches, twice as many",
                           p, m, 2 * p);
}

static void write(struct sl_writer *writer,
                  const sluice_schedule_config *config)
{
    int p = config->devices;
    int r = writer->device;
    sl_write_dual(writer, (struct sl_stream){r, 0},
                  (struct sl_stream){2 * p - 1 - r, 0}, config->microbatches, r,
                  p);
}

static void promise(const sluice_schedule_config *config, int r,
                    struct sl_promise *promise)
{
    (void)r;
    promise->activations = 2 * config->devices + 1;
}

const struct sl_generator sl_generator_dualpipe_v = {
    .name = "dualpipe-v",
    .summary = "dualpipe's order with two chunks per device in a V",
    .n_stages = sl_two_stages_each,
    .admit = admit,
    .place = sl_in_a_v,
    .write = write,
    .promise = promise,
};

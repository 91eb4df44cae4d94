/*
 * DualPipe (DeepSeek-AI, 2024, section 3.2.1): two copies of the model, laid
 * out in opposite directions, so that half of the micro-batches come in at
 * either end.  Device r holds stage r of copy 0 and stage p - 1 - r of copy 1;
 * the second half of the devices does as the first with directions swapped.
 * Twice the parameters; p + 1 activations.
 *
 * The published idle time, (p/2 - 1)(tF&B + tB - 3 tW), is that of a forward
 * and a backward done as one action, with tF&B = tF + tB on a CPU.  Threads
 * hand the forward over before the backward begins and idle, at unit costs,
 * (p/2 - 1)(tF + tI - tW), half of that.
 */
#include "sched/generators/patterns/dual.h"

static sluice_status admit(const sluice_schedule_config *config,
                           sluice_diag *why)
{
    int p = config->devices, m = config->microbatches;
    if (p % 2 == 0 && m % 2 == 0 && m >= 2 * p)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "dualpipe with %d devices and %d micro-batches: "
                           "give an even number of devices, and an even number "
                           "of micro-batches, at least twice as many",
                           p, m);
}

static void write(struct sl_writer *writer,
                  const sluice_schedule_config *config)
{
    int p = config->devices;
    int r = writer->device;
    int n = config->microbatches / 2;
    /* Part p - 1 - r of copy 1. */
    struct sl_stream there = {r, 0}, back = {2 * p - 1 - r, n};
    if (r < p / 2)
        sl_write_dual(writer, there, back, n, r, p / 2);
    else
        sl_write_dual(writer, back, there, n, p - 1 - r, p / 2);
}

static void promise(const sluice_schedule_config *config, int r,
                    struct sl_promise *promise)
{
    (void)r;
    promise->activations = config->devices + 1;
}

const struct sl_generator sl_generator_dualpipe = {
    .name = "dualpipe",
    .summary = "two copies of the model in opposite directions (DualPipe)",
    .n_stages = sl_two_stages_each,
    .n_copies = 2,
    .admit = admit,
    .place = sl_in_a_v,
    .write = write,
    .promise = promise,
};

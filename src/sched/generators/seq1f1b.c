/*
 * Seq1F1B (Sun et al., 2024): the sequence of a micro-batch is cut into slices,
 * and 1F1B runs slices.  Forwards take the slices of a micro-batch in order,
 * since attention reads the earlier ones; backwards in reverse, since gradients
 * of keys and values collect from the later ones.  Micro-batch k s + q of the
 * schedule is slice q of the k-th sequence.  Idle (p - 1)(tF + tB) with the
 * times of a slice; p - r + s - 1 slices on device r.
 */
#include "sched/generators/generator.h"

static int ahead_of(const sluice_schedule_config *config, int r)
{
    return sl_least(config->microbatches,
                    config->devices - r - 2 + config->slices);
}

static int backward(const sluice_schedule_config *config, int i)
{
    int s = config->slices;
    return i / s * s + s - 1 - i % s;
}

static void write(struct sl_writer *writer,
                  const sluice_schedule_config *config)
{
    int r = writer->device, n = config->microbatches;
    int ahead = ahead_of(config, r);
    for (int i = 0; i < n + ahead; i++) {
        if (i < n)
            sl_write(writer, SLUICE_F, r, i);
        if (i >= ahead)
            sl_write(writer, SLUICE_B, r, backward(config, i - ahead));
    }
    sl_write_updates(writer);
}

static sluice_status admit(const sluice_schedule_config *config,
                           sluice_diag *why)
{
    if (config->microbatches % config->slices == 0)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "seq1f1b of %d micro-batches in sequences of %d "
                           "slices: make the micro-batches, which are slices, "
                           "a multiple of %d",
                           config->microbatches, config->slices,
                           config->slices);
}

static void promise(const sluice_schedule_config *config, int r,
                    struct sl_promise *promise)
{
    promise->activations =
        sl_least(config->microbatches, ahead_of(config, r) + 1);
}

static const sluice_schedule_option options[] = {
    {
        .name = "slices",
        .help = "Micro-batches that are slices of one sequence",
        .offset = offsetof(sluice_schedule_config, slices),
        .least = 1,
        .most = SLUICE_MAX_MICROBATCHES,
        .standard = 2,
    },
};

const struct sl_generator sl_generator_seq1f1b = {
    .name = "seq1f1b",
    .summary = "1f1b of slices of sequences",
    .n_stages = sl_one_stage_each,
    .place = sl_in_a_loop,
    .admit = admit,
    .write = write,
    .idle = sl_idle_of_flush,
    .options = options,
    .n_options = 1,
    .promise = promise,
};

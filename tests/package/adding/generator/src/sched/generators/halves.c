/*
 * A generator for a test: chunks of the model, breadth first, and the backwards
 * in order.
 */
#include "sched/generators/generator.h"

static void write(struct sl_writer *writer,
                  const sluice_schedule_config *config)
{
    int p = config->devices;
    for (int c = 0; c < config->chunks; c++)
        for (int m = 0; m < config->microbatches; m++)
            sl_write(writer, SLUICE_F, c * p + writer->device, m);
    for (int c = config->chunks - 1; c >= 0; c--)
        for (int m = 0; m < config->microbatches; m++)
            sl_write(writer, SLUICE_B, c * p + writer->device, m);
    sl_write_updates(writer);
}

static void promise(const sluice_schedule_config *config, int r,
                    struct sl_promise *promise)
{
    (void)r;
    promise->activations = config->chunks * config->microbatches;
    if (config->devices > 1 && config->microbatches > config->devices)
        promise->places = config->microbatches / config->devices;
}

static const sluice_schedule_option options[] = {
    SL_OPTION_CHUNKS,
};

const struct sl_generator sl_generator_halves = {
    .name = "halves",
    .summary = "a generator that a test has added",
    .options = options,
    .n_options = 1,
    .n_stages = sl_chunks_each,
    .place = sl_in_a_loop,
    .write = write,
    .promise = promise,
};

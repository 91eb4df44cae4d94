/*
 * Looped, breadth first (Lamy-Poirier, 2023): v chunks on each device, chunk c
 * of device r being stage c p + r; all micro-batches through a chunk, then the
 * next chunk.  The bubble is 1/v of GPipe's, with all of its activations; and
 * the gradients of a chunk are whole when it is left.
 */
#include "sched/generators/generator.h"

#include <math.h>

static void write(struct sl_writer *writer,
                  const sluice_schedule_config *config)
{
    int p = config->devices;
    int n = config->microbatches;
    for (int c = 0; c < config->chunks; c++)
        for (int m = 0; m < n; m++)
            sl_write(writer, SLUICE_F, c * p + writer->device, m);
    for (int c = config->chunks - 1; c >= 0; c--)
        for (int m = n - 1; m >= 0; m--)
            sl_write(writer, SLUICE_B, c * p + writer->device, m);
    sl_write_updates(writer);
}

static double idle(const sluice_schedule_config *config,
                   const sluice_device_costs *costs)
{
    return config->chunks == 1 || config->microbatches >= config->devices
               ? sl_idle_of_chunks(config, costs)
               : NAN;
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

const struct sl_generator sl_generator_looped_bfs = {
    .name = "looped-bfs",
    .summary = "gpipe with several chunks of the model per device",
    .n_stages = sl_chunks_each,
    .place = sl_in_a_loop,
    .write = write,
    .idle = idle,
    .options = options,
    .n_options = 1,
    .promise = promise,
};

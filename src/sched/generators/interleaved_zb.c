/*
 * ZB-1P with chunks, as PyTorch's ScheduleInterleavedZeroBubble orders it (Qi
 * et al., 2023, for one chunk): interleaved 1F1B that warms up by one forward
 * for each device behind; device r computes a weight gradient r backwards after
 * its input gradient, so that it fills a bubble.
 */
#include "sched/generators/patterns/interleaved.h"

static struct sl_interleaved order_of(const sluice_schedule_config *config,
                                      int r)
{
    return (struct sl_interleaved){
        .chunks = config->chunks,
        .group = config->devices,
        .warm_up = 1,
        .split = true,
        .delay = r,
    };
}

static void write(struct sl_writer *writer,
                  const sluice_schedule_config *config)
{
    struct sl_interleaved order = order_of(config, writer->device);
    sl_write_interleaved(writer, config, &order);
}

static void promise(const sluice_schedule_config *config, int r,
                    struct sl_promise *promise)
{
    struct sl_interleaved order = order_of(config, r);
    int all = config->chunks * config->microbatches;
    int ahead = sl_interleaved_ahead(config, &order, r);
    promise->activations = sl_least(all, ahead + 1 + r);
    promise->places = (config->devices + 1) / 2;
    promise->choosy = true;
}

static const sluice_schedule_option options[] = {
    SL_OPTION_CHUNKS,
};

const struct sl_generator sl_generator_interleaved_zb = {
    .name = "interleaved-zb",
    .summary = "zb-h1 with several chunks per device (PyTorch)",
    .cell_actions = 3,
    .n_stages = sl_chunks_each,
    .place = sl_in_a_loop,
    .write = write,
    .check = sl_check_interleaved,
    .options = options,
    .n_options = 1,
    .promise = promise,
};

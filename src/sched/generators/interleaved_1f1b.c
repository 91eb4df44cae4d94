/*
 * Interleaved 1F1B (Narayanan et al., 2021, section 2.2): v chunks of the model
 * on each device, chunk c of device r being stage c p + r.  Micro-batches go
 * through a chunk in groups of `group`.  The bubble is 1/v of 1F1B's.
 */
#include "sched/generators/patterns/interleaved.h"

#include <math.h>

static struct sl_interleaved order_of(const sluice_schedule_config *config)
{
    return (struct sl_interleaved){
        .chunks = config->chunks,
        .group = config->group,
        .warm_up = config->warm_up,
    };
}

static void write(struct sl_writer *writer,
                  const sluice_schedule_config *config)
{
    struct sl_interleaved order = order_of(config);
    sl_write_interleaved(writer, config, &order);
}

/* With a partial group, or a longer warm-up, devices wait for each other in
 * ways that no formula is known for. */
static double idle(const sluice_schedule_config *config,
                   const sluice_device_costs *costs)
{
    bool whole = config->microbatches % config->group == 0;
    return config->chunks == 1 || (whole && config->warm_up <= 2)
               ? sl_idle_of_chunks(config, costs)
               : NAN;
}

static void promise(const sluice_schedule_config *config, int r,
                    struct sl_promise *promise)
{
    struct sl_interleaved order = order_of(config);
    promise->activations =
        sl_least(config->chunks * config->microbatches,
                 sl_interleaved_ahead(config, &order, r) + 1);
}

static const sluice_schedule_option options[] = {
    SL_OPTION_CHUNKS,
    SL_OPTION_GROUP("through a chunk before the next does"),
    SL_OPTION_WARM_UP,
};

const struct sl_generator sl_generator_interleaved_1f1b = {
    .name = "interleaved-1f1b",
    .summary = "1f1b with several chunks of the model per device (Megatron)",
    .n_stages = sl_chunks_each,
    .place = sl_in_a_loop,
    .write = write,
    .idle = idle,
    .check = sl_check_interleaved,
    .options = options,
    .n_options = 3,
    .promise = promise,
};

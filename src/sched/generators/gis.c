/*
 * GIS (Wan et al., 2025, PipeOffload, section 3.2): interleaved 1F1B that warms
 * up by one forward for each device behind, with the backward split, so that
 * the input gradient goes on before the weight gradient is computed.  Hand-offs
 * that take time are not hidden.
 *
 * With groups of g micro-batches, p / 2 <= g <= p, this is GIS-H: g (v - 1) + p
 * - r chunks on device r, and (p - g)(v - 1) tF / v more idle time if tF = tI =
 * tW.  GIS itself is g = p.
 */
#include "sched/generators/patterns/interleaved.h"

#include <math.h>

static struct sl_interleaved order_of(const sluice_schedule_config *config)
{
    return (struct sl_interleaved){
        .chunks = config->chunks,
        .group = config->group,
        .warm_up = 1,
        .split = true,
    };
}

static void write(struct sl_writer *writer,
                  const sluice_schedule_config *config)
{
    struct sl_interleaved order = order_of(config);
    sl_write_interleaved(writer, config, &order);
}

static double idle(const sluice_schedule_config *config,
                   const sluice_device_costs *costs)
{
    int fewer = config->devices - config->group;
    if (config->microbatches % config->group != 0 ||
        (fewer &&
         (costs->forward != costs->input || costs->input != costs->weight)))
        return NAN;
    return ((config->devices - 1) * (costs->forward + costs->input) +
            fewer * (config->chunks - 1) * costs->forward) /
           config->chunks;
}

static void promise(const sluice_schedule_config *config, int r,
                    struct sl_promise *promise)
{
    struct sl_interleaved order = order_of(config);
    promise->activations =
        sl_least(config->chunks * config->microbatches,
                 sl_interleaved_ahead(config, &order, r) + 1);
    promise->places = (config->devices + 1) / 2;
    promise->choosy = true;
}

static const sluice_schedule_option options[] = {
    SL_OPTION_CHUNKS,
    {.name = "group",
     .help = "Micro-batches that go through a chunk before the next does",
     .offset = offsetof(sluice_schedule_config, group),
     .least = SLUICE_OPTION_HALF,
     .most = SLUICE_OPTION_DEVICES,
     .standard = SLUICE_OPTION_DEVICES},
};

const struct sl_generator sl_generator_gis = {
    .name = "gis",
    .summary = "interleaved, split, with the least warm-up (PipeOffload)",
    .cell_actions = 3,
    .n_stages = sl_chunks_each,
    .place = sl_in_a_loop,
    .write = write,
    .check = sl_check_interleaved,
    .idle = idle,
    .options = options,
    .n_options = 2,
    .promise = promise,
};

/*
 * Interleaved 1F1B (Narayanan et al., 2021, section 2.2): v chunks of the model
 * on each device, chunk c of device r being stage c p + r.  Micro-batches go
 * through a chunk in groups of `group`.  The bubble is 1/v of 1F1B's.
 */
#include "sched/generators/generator.h"

#include <math.h>

/* The order in which (micro-batch, chunk) pairs are met: for each group, for
 * each chunk, the micro-batches of the group.  The last group may be smaller.
 */
struct table {
    int microbatches;
    int chunks;
    int group;
};

struct cell {
    int microbatch;
    int chunk;
};

static int group_size(const struct table *table, int first)
{
    int left = table->microbatches - first;
    return left < table->group ? left : table->group;
}

static struct cell cell_of(const struct table *table, int i)
{
    /* A group may be larger than all there is: then it is the only one. */
    int whole = group_size(table, 0) * table->chunks;
    int first = i / whole * group_size(table, 0);
    int size = group_size(table, first);
    return (struct cell){first + i % whole % size, i % whole / size};
}

static struct cell reversed(const struct table *table, int i)
{
    struct cell cell = cell_of(table, i);
    cell.chunk = table->chunks - 1 - cell.chunk;
    return cell;
}

static void put(struct sl_writer *writer, const sluice_schedule_config *config,
                sluice_action_kind kind, struct cell cell)
{
    int stage = cell.chunk * config->devices + writer->device;
    sl_write(writer, kind, stage, cell.microbatch);
}

static struct table make_table(const sluice_schedule_config *config)
{
    return (struct table){
        .microbatches = config->microbatches,
        .chunks = config->chunks,
        .group = config->group,
    };
}

/* Forwards that device `r` does before its first backward, if there are so
 * many. */
static int ahead_of(const sluice_schedule_config *config, int r)
{
    struct table table = make_table(config);
    return config->warm_up * (config->devices - 1 - r) +
           (table.chunks - 1) * group_size(&table, 0);
}

static void write(struct sl_writer *writer,
                  const sluice_schedule_config *config)
{
    struct table table = make_table(config);
    int n = table.microbatches * table.chunks;
    int warm_up = sl_least(n, ahead_of(config, writer->device));
    for (int i = 0; i < n + warm_up; i++) {
        if (i < n)
            put(writer, config, SLUICE_F, cell_of(&table, i));
        if (i >= warm_up)
            put(writer, config, SLUICE_B, reversed(&table, i - warm_up));
    }
    sl_write_updates(writer);
}

/* A last group that is smaller than the others shifts the backwards against the
 * forwards, and a device may then wait for its own future; so may one that
 * warms up too far.  Which ones, the proof tells. */
static sluice_status check(const sluice_schedule *schedule,
                           const sluice_schedule_config *config,
                           sluice_diag *why)
{
    sluice_verify_config never_full = {.queue_capacity = config->microbatches};
    sluice_status st = sluice_schedule_verify(schedule, &never_full, NULL, why);
    if (st != SLUICE_SCHEDULE)
        return st;
    return sluice_diag_set(
        why, SLUICE_INVALID,
        "interleaved-1f1b of %d devices, %d micro-batches, %d chunks, groups "
        "of %d and a warm-up of %d deadlocks: make the micro-batches a "
        "multiple of the group, or warm up by 1",
        config->devices, config->microbatches, config->chunks, config->group,
        config->warm_up);
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
    promise->activations = sl_least(config->chunks * config->microbatches,
                                    ahead_of(config, r) + 1);
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
    .check = check,
    .options = options,
    .n_options = 3,
    .promise = promise,
};

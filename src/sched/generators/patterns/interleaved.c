/* Groups of micro-batches, chunk by chunk. */
#include "sched/generators/patterns/interleaved.h"

/* The order in which (micro-batch, chunk) pairs are met: for each group, for
 * each chunk, the micro-batches of the group.  The last group may be smaller.
 */
struct cell {
    int microbatch;
    int chunk;
};

static int group_size(const struct sl_interleaved *order, int microbatches,
                      int first)
{
    return sl_least(microbatches - first, order->group);
}

static struct cell cell_of(const struct sl_interleaved *order, int microbatches,
                           int i)
{
    /* A group may be larger than all there is: then it is the only one. */
    int most = group_size(order, microbatches, 0);
    int whole = most * order->chunks;
    int first = i / whole * most;
    int size = group_size(order, microbatches, first);
    return (struct cell){first + i % whole % size, i % whole / size};
}

static void put(struct sl_writer *writer, const sluice_schedule_config *config,
                const struct sl_interleaved *order, sluice_action_kind kind,
                int i)
{
    struct cell cell = cell_of(order, config->microbatches, i);
    if (kind != SLUICE_F)
        cell.chunk = order->chunks - 1 - cell.chunk;
    sl_write(writer, kind, cell.chunk * config->devices + writer->device,
             cell.microbatch);
}

int sl_interleaved_ahead(const sluice_schedule_config *config,
                         const struct sl_interleaved *order, int r)
{
    return order->warm_up * (config->devices - 1 - r) +
           (order->chunks - 1) * group_size(order, config->microbatches, 0);
}

void sl_write_interleaved(struct sl_writer *writer,
                          const sluice_schedule_config *config,
                          const struct sl_interleaved *order)
{
    int n = config->microbatches * order->chunks;
    int warm_up =
        sl_least(n, sl_interleaved_ahead(config, order, writer->device));
    int weights = warm_up + order->delay; /* where the first one stands */
    for (int i = 0; i < n + weights; i++) {
        if (i < n)
            put(writer, config, order, SLUICE_F, i);
        if (i >= warm_up && i < n + warm_up)
            put(writer, config, order, order->split ? SLUICE_I : SLUICE_B,
                i - warm_up);
        if (order->split && i >= weights)
            put(writer, config, order, SLUICE_W, i - weights);
    }
    sl_write_updates(writer);
}

sluice_status sl_check_interleaved(const sluice_schedule *schedule,
                                   const sluice_schedule_config *config,
                                   sluice_diag *why)
{
    sluice_verify_config never_full = {.queue_capacity = config->microbatches};
    sluice_status st = sluice_schedule_verify(schedule, &never_full, NULL, why);
    if (st != SLUICE_SCHEDULE)
        return st;
    return sluice_diag_set(
        why, SLUICE_INVALID,
        "%s of %d devices, %d micro-batches, %d chunks, groups of %d and a "
        "warm-up of %d deadlocks: make the micro-batches a multiple of the "
        "group, or warm up by 1",
        config->name, config->devices, config->microbatches, config->chunks,
        config->group ? config->group : config->devices,
        config->warm_up ? config->warm_up : 1);
}

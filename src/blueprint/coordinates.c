/* Numbering devices, stages and micro-batches.  Any thread. */
#include "blueprint/coordinates.h"

struct sl_grid sl_grid_of(const sluice_schedule *schedule, int n_replicas,
                          int n_shards)
{
    int n_stages = sluice_schedule_n_stages(schedule);
    int n_copies = sluice_schedule_n_copies(schedule);
    return (struct sl_grid){
        .n_replicas = n_replicas,
        .n_devices = sluice_schedule_n_devices(schedule),
        .n_shards = n_shards,
        .n_stages = n_stages,
        .n_copies = n_copies,
        .depth = n_stages / n_copies,
        .n_microbatches = sluice_schedule_n_microbatches(schedule),
    };
}

int sl_n_all_devices(const struct sl_grid *grid)
{
    return grid->n_replicas * sl_n_replica_devices(grid);
}

int sl_n_replica_devices(const struct sl_grid *grid)
{
    return grid->n_devices * grid->n_shards;
}

int sl_replica_device(const struct sl_grid *grid, struct sl_coordinates at)
{
    return at.place * grid->n_shards + at.shard;
}

int sl_n_all_stages(const struct sl_grid *grid)
{
    return grid->n_replicas * grid->n_shards * grid->n_stages;
}

int sl_n_all_microbatches(const struct sl_grid *grid)
{
    return grid->n_replicas * grid->n_microbatches;
}

int sl_device_index(const struct sl_grid *grid, struct sl_coordinates at)
{
    return at.replica * sl_n_replica_devices(grid) +
           sl_replica_device(grid, at);
}

struct sl_coordinates sl_coordinates_of(const struct sl_grid *grid, int index)
{
    int place = index / grid->n_shards; /* counted through all replicas */
    return (struct sl_coordinates){
        .place = place % grid->n_devices,
        .replica = place / grid->n_devices,
        .shard = index % grid->n_shards,
    };
}

int sl_first_stage(const struct sl_grid *grid, struct sl_coordinates at)
{
    return (at.replica * grid->n_shards + at.shard) * grid->n_stages;
}

int sl_first_microbatch(const struct sl_grid *grid, struct sl_coordinates at)
{
    return at.replica * grid->n_microbatches;
}

int sl_part_of(const struct sl_grid *grid, int stage)
{
    return stage % grid->depth;
}

int sl_copy_of(const struct sl_grid *grid, int stage)
{
    return stage / grid->depth;
}

bool sl_is_first_part(const struct sl_grid *grid, int stage)
{
    return sl_part_of(grid, stage) == 0;
}

bool sl_is_last_part(const struct sl_grid *grid, int stage)
{
    return sl_part_of(grid, stage) + 1 == grid->depth;
}

int sl_n_holders(const struct sl_grid *grid)
{
    return grid->n_replicas * grid->n_copies;
}

int sl_holder_of(const struct sl_grid *grid, struct sl_coordinates at,
                 int stage)
{
    return at.replica * grid->n_copies + sl_copy_of(grid, stage);
}

int sl_held_stage(const struct sl_grid *grid, int holder, int shard, int part)
{
    const struct sl_coordinates at = {
        .replica = holder / grid->n_copies,
        .shard = shard,
    };
    return sl_first_stage(grid, at) + holder % grid->n_copies * grid->depth +
           part;
}

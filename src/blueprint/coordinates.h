/*
 * Coordinates: where devices and stages stand, and how they are numbered.  The
 * words mean the same in all of blueprint and pipeline:
 *
 *     device   a thread with its arena; it runs one list of the schedule.  Its
 *              place is the number of that list, 0 to n_devices - 1
 *     replica  a pipeline of n_devices devices.  All replicas run the same
 *              schedule, each on micro-batches of its own
 *     shard    of a team of devices that share one place and work it together:
 *              0 to n_shards - 1; number 0 leads the team
 *     stage    a run of layers, numbered as in the schedule: 0 to n_stages - 1
 *     copy     of the model in one pipeline: `depth` stages that follow each
 *              other.  A schedule has n_copies of them, mostly one
 *     part     of the model: what stage number `part` of each copy holds, 0 to
 *              depth - 1
 *
 * A device's index counts the devices of replica 0 first, and so on: what the
 * user knows as the number of a device.
 */
#ifndef SL_BLUEPRINT_COORDINATES_H
#define SL_BLUEPRINT_COORDINATES_H

#include <stdbool.h>

#include <sluice/schedule.h>

/* How many there are. */
struct sl_grid {
    int n_replicas;
    int n_devices; /* places of one replica: lists of the schedule */
    int n_shards;  /* devices at a place */
    int n_stages;  /* of one replica, those of all copies together */
    int n_copies;
    int depth;          /* stages of one copy: parts of the model */
    int n_microbatches; /* of one replica, in a step */
};

/* Where a device stands. */
struct sl_coordinates {
    int place;
    int replica;
    int shard;
};

/* The grid of so many replicas of a schedule, with teams of n_shards. */
struct sl_grid sl_grid_of(const sluice_schedule *schedule, int n_replicas,
                          int n_shards);

/* Devices of all replicas together. */
int sl_n_all_devices(const struct sl_grid *grid);

/* Devices at all places of a replica; a device's number among them. */
int sl_n_replica_devices(const struct sl_grid *grid);
int sl_replica_device(const struct sl_grid *grid, struct sl_coordinates at);

/* Stages of all replicas together, each as every shard of its team holds it,
 * and micro-batches: for arrays that hold one after the other. */
int sl_n_all_stages(const struct sl_grid *grid);
int sl_n_all_microbatches(const struct sl_grid *grid);

/* A device's index from its coordinates, and the other way round. */
int sl_device_index(const struct sl_grid *grid, struct sl_coordinates at);
struct sl_coordinates sl_coordinates_of(const struct sl_grid *grid, int index);

/* Where the stages of a device's replica and shard, and the micro-batches of
 * its replica, begin among all. */
int sl_first_stage(const struct sl_grid *grid, struct sl_coordinates at);
int sl_first_microbatch(const struct sl_grid *grid, struct sl_coordinates at);

/* The part of the model that a stage holds, and the copy that it belongs to. */
int sl_part_of(const struct sl_grid *grid, int stage);
int sl_copy_of(const struct sl_grid *grid, int stage);

/* Whether a stage is the first, or the last, of its copy. */
bool sl_is_first_part(const struct sl_grid *grid, int stage);
bool sl_is_last_part(const struct sl_grid *grid, int stage);

/*
 * Those that hold the same part, in the order in which their gradients are
 * added: the copies of replica 0, then those of replica 1, and so on.
 */
int sl_n_holders(const struct sl_grid *grid);

/* Which of the holders of its part a device's stage is. */
int sl_holder_of(const struct sl_grid *grid, struct sl_coordinates at,
                 int stage);

/* Where the stage that is holder number `holder` of `part` lies among all, as
 * `shard` of its team holds it. */
int sl_held_stage(const struct sl_grid *grid, int holder, int shard, int part);

#endif

/* Numbers of devices, stages and micro-batches, one claim at a time. */
#include "blueprint/coordinates.h"

#include "support/runner.h"

enum { MOST = 4 };

/* Every grid of up to MOST of everything. */
static void for_each_grid(void (*check)(const struct sl_grid *grid))
{
    for (int n = 0; n < MOST * MOST * MOST * MOST * MOST; n++) {
        struct sl_grid grid = {
            .n_replicas = 1 + n % MOST,
            .n_devices = 1 + n / MOST % MOST,
            .n_shards = 1 + n / MOST / MOST / MOST / MOST,
            .n_copies = 1 + n / MOST / MOST % MOST,
            .depth = 1 + n / MOST / MOST / MOST % MOST,
            .n_microbatches = 3,
        };
        grid.n_stages = grid.n_copies * grid.depth;
        check(&grid);
    }
}

static void check_devices(const struct sl_grid *grid)
{
    int index = 0;
    for (int r = 0; r < grid->n_replicas; r++)
        for (int p = 0; p < grid->n_devices; p++)
            for (int shard = 0; shard < grid->n_shards; shard++) {
                struct sl_coordinates at = sl_coordinates_of(grid, index);
                ck_assert_int_eq(at.replica, r);
                ck_assert_int_eq(at.place, p);
                ck_assert_int_eq(at.shard, shard);
                ck_assert_int_eq(sl_device_index(grid, at), index);
                ck_assert_int_eq(r * sl_n_replica_devices(grid) +
                                     sl_replica_device(grid, at),
                                 index);
                index++;
            }
    ck_assert_int_eq(sl_n_all_devices(grid), index);
}

START_TEST(devices_are_counted_replica_by_replica_and_team_by_team)
{
    for_each_grid(check_devices);
}
END_TEST

/* Each stage is found once, and as the holder that it says it is. */
static void check_holders(const struct sl_grid *grid)
{
    int index = 0;
    for (int r = 0; r < grid->n_replicas; r++)
        for (int i = 0; i < grid->n_shards * grid->n_stages; i++) {
            int s = i % grid->n_stages;
            const struct sl_coordinates at = {
                .replica = r,
                .shard = i / grid->n_stages,
            };
            int holder = sl_holder_of(grid, at, s);
            ck_assert_int_eq(sl_first_stage(grid, at) + s, index);
            ck_assert_int_lt(holder, sl_n_holders(grid));
            ck_assert_int_eq(
                sl_held_stage(grid, holder, at.shard, sl_part_of(grid, s)),
                index);
            index++;
        }
    ck_assert_int_eq(sl_n_all_stages(grid), index);
    ck_assert_int_eq(sl_n_holders(grid) * grid->depth * grid->n_shards, index);
}

START_TEST(a_stage_is_found_by_its_part_and_holder)
{
    for_each_grid(check_holders);
}
END_TEST

static void check_parts(const struct sl_grid *grid)
{
    int n_first = 0, n_last = 0;
    for (int s = 0; s < grid->n_stages; s++) {
        ck_assert_int_eq(
            sl_copy_of(grid, s) * grid->depth + sl_part_of(grid, s), s);
        n_first += sl_is_first_part(grid, s);
        n_last += sl_is_last_part(grid, s);
    }
    ck_assert(sl_is_first_part(grid, 0));
    ck_assert(sl_is_last_part(grid, grid->n_stages - 1));
    ck_assert_int_eq(n_first, grid->n_copies);
    ck_assert_int_eq(n_last, grid->n_copies);
}

START_TEST(each_copy_has_one_first_and_one_last_part)
{
    for_each_grid(check_parts);
}
END_TEST

START_TEST(micro_batches_are_counted_replica_by_replica)
{
    const struct sl_grid grid = {.n_replicas = 3, .n_microbatches = 5};
    const struct sl_coordinates at = {.replica = 2, .place = 1};
    ck_assert_int_eq(sl_first_microbatch(&grid, at), 10);
    ck_assert_int_eq(sl_n_all_microbatches(&grid), 15);
}
END_TEST

START_TEST(a_grid_has_the_numbers_of_its_schedule)
{
    const sluice_schedule_config config = {
        .name = "interleaved-1f1b",
        .devices = 2,
        .microbatches = 4,
        .chunks = 3,
    };
    sluice_schedule *schedule;
    ck_assert_int_eq(sluice_schedule_generate(&config, &schedule, NULL),
                     SLUICE_OK);
    struct sl_grid grid = sl_grid_of(schedule, 5, 7);
    ck_assert_int_eq(grid.n_replicas, 5);
    ck_assert_int_eq(grid.n_devices, 2);
    ck_assert_int_eq(grid.n_shards, 7);
    ck_assert_int_eq(grid.n_stages, 6);
    ck_assert_int_eq(grid.n_copies, 1);
    ck_assert_int_eq(grid.depth, 6);
    ck_assert_int_eq(grid.n_microbatches, 4);
    sluice_schedule_destroy(schedule);
}
END_TEST

SLUICE_TEST_MAIN("blueprint.coordinates",
                 devices_are_counted_replica_by_replica_and_team_by_team,
                 a_stage_is_found_by_its_part_and_holder,
                 each_copy_has_one_first_and_one_last_part,
                 micro_batches_are_counted_replica_by_replica,
                 a_grid_has_the_numbers_of_its_schedule)

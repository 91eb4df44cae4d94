/* Mutants of schedules with UNSHARD, RESHARD and REDUCE_GRAD. */
#include "sched/verify/mutants.h"

#include <string.h>

#include <sluice/schedule_passes.h>

static void sweep_shards(const char *name, int most_whole)
{
    struct tally tally = {0, 0};
    for (int k = 1; k <= 2; k++)
        for (int m = 1; m <= 2; m++) {
            struct plan plan;
            const sluice_schedule_config config = {
                .name = name, .devices = k, .microbatches = m};
            sluice_schedule *schedule, *placed;
            if (sluice_schedule_generate(&config, &schedule, NULL))
                continue;
            ck_assert_int_eq(
                sluice_schedule_shard(schedule, most_whole, &placed, NULL),
                SLUICE_OK);
            plan_from(&plan, placed);
            judge_all(&plan, !strcmp(name, "forward"), &tally);
            sluice_schedule_destroy(placed);
            sluice_schedule_destroy(schedule);
        }
    ck_assert_int_gt(tally.accepted, 4);
    ck_assert_int_gt(tally.refused,
                     SL_TEST_STRIDE > 1 ? 30 : 500 / MUTANT_STRIDE);
}

START_TEST(mutants_of_shared_parameters_are_judged_as_by_execution)
{
    sweep_shards("gpipe", 0);
    sweep_shards("1f1b", 3);
    sweep_shards("looped-bfs", 1);
    sweep_shards("interleaved-1f1b", 2);
    sweep_shards("zb-v", 1);
    sweep_shards("forward", 1);
}
END_TEST

SLUICE_TEST_MAIN("sched.mutants_of_shards",
                 mutants_of_shared_parameters_are_judged_as_by_execution)

/* Promise D1: every single mutation of a schedule is judged as the naive
 * simulator judges it, and refused at its place. */
#include "sched/verify/mutants.h"
#include "sched/place.h"

#include <sluice/schedule_passes.h>

#include "support/grid.h"
#include "support/cut/vocabulary.h"
#include "support/runner.h"

/* Each B becomes an I and a W. */
static void split(struct plan *plan)
{
    for (int d = 0; d < plan->devices; d++)
        for (int i = 0; i < plan->n[d]; i++) {
            if (plan->list[d][i].kind != SLUICE_B)
                continue;
            sluice_action half = plan->list[d][i];
            plan->list[d][i].kind = SLUICE_I;
            half.kind = SLUICE_W;
            insert(plan, d, i + 1, half);
        }
}

/* False if there is no such schedule. */
static bool generate(struct plan *plan, sluice_schedule_config config,
                     sluice_remat remat)
{
    sluice_schedule *schedule, *passed;
    if (sluice_schedule_generate(&config, &schedule, NULL))
        return false;
    ck_assert_int_eq(sluice_schedule_remat(schedule, remat, &passed, NULL),
                     SLUICE_OK);
    plan_from(plan, passed);
    sluice_schedule_destroy(passed);
    sluice_schedule_destroy(schedule);
    return true;
}

static void sweep_config(sluice_schedule_config config, int max_devices,
                         sluice_remat remat, bool split_backward)
{
    struct tally tally = {0, 0};
    bool forward_only = !strcmp(config.name, "forward");
    for (int k = 1; k <= max_devices; k++)
        for (int m = 1; m <= NAIVE_MICROBATCHES; m++) {
            struct plan plan;
            config.devices = k;
            config.microbatches = m;
            if (!generate(&plan, config, remat))
                continue;
            if (split_backward)
                split(&plan);
            judge_all(&plan, forward_only, &tally);
        }
    ck_assert_int_gt(tally.accepted, 16);
    ck_assert_int_gt(tally.refused, 1000 / MUTANT_STRIDE);
}

static void sweep(const char *name, sluice_backward_order order,
                  sluice_remat remat, bool split_backward)
{
    sluice_schedule_config config = {.name = name, .backward_order = order};
    sweep_config(config, NAIVE_DEVICES, remat, split_backward);
}

START_TEST(mutants_of_gpipe_are_judged_as_by_execution)
{
    sweep("gpipe", SLUICE_REVERSE, SLUICE_REMAT_NEVER, false);
    sweep("gpipe", SLUICE_IN_ORDER, SLUICE_REMAT_NEVER, false);
}
END_TEST

START_TEST(mutants_of_1f1b_are_judged_as_by_execution)
{
    sweep("1f1b", SLUICE_REVERSE, SLUICE_REMAT_NEVER, false);
}
END_TEST

START_TEST(mutants_of_rematerialized_schedules_are_judged_as_by_execution)
{
    sweep("gpipe", SLUICE_REVERSE, SLUICE_REMAT_ALWAYS, false);
    sweep("1f1b", SLUICE_REVERSE, SLUICE_REMAT_EXCEPT_LAST, false);
}
END_TEST

START_TEST(mutants_of_split_backwards_are_judged_as_by_execution)
{
    sweep("gpipe", SLUICE_IN_ORDER, SLUICE_REMAT_NEVER, true);
    sweep("1f1b", SLUICE_REVERSE, SLUICE_REMAT_NEVER, true);
}
END_TEST

START_TEST(mutants_of_forward_only_are_judged_as_by_execution)
{
    sweep("forward", SLUICE_REVERSE, SLUICE_REMAT_NEVER, false);
}
END_TEST

START_TEST(mutants_of_every_other_schedule_are_judged_as_by_execution)
{
    for (int i = 0; sluice_schedule_generator(i); i++) {
        sluice_schedule_config config = {.name = sluice_schedule_generator(i)};
        sweep_config(config, 3, SLUICE_REMAT_NEVER, false);
    }
}
END_TEST

START_TEST(mutants_of_vertical_sync_are_judged_as_by_execution)
{
    sluice_schedule_config config = {.name = "pipedream",
                                     .vertical_sync = true};
    sweep_config(config, 3, SLUICE_REMAT_NEVER, false);
}
END_TEST

/* Each RECV one place earlier. */
static void spread(struct plan *plan)
{
    for (int d = 0; d < plan->devices; d++)
        for (int i = 1; i < plan->n[d]; i++) {
            int kind = plan->list[d][i].kind;
            if (kind == SLUICE_RECV_F || kind == SLUICE_RECV_B)
                insert(plan, d, i - 1, extract(plan, d, i));
        }
}

static void sweep_lowered(const char *name, bool spreads)
{
    struct tally tally = {0, 0};
    bool forward_only = !strcmp(name, "forward");
    for (int k = 2; k <= 3; k++)
        for (int m = 1; m <= 4; m++) {
            struct plan plan;
            sluice_schedule *schedule, *lowered;
            if (sluice_schedule_generate(
                    &(sluice_schedule_config){
                        .name = name, .devices = k, .microbatches = m},
                    &schedule, NULL))
                continue;
            ck_assert_int_eq(sluice_schedule_lower(schedule, m, &lowered, NULL),
                             SLUICE_OK);
            plan_from(&plan, lowered);
            if (spreads)
                spread(&plan);
            judge_all(&plan, forward_only, &tally);
            sluice_schedule_destroy(lowered);
            sluice_schedule_destroy(schedule);
        }
    ck_assert_int_gt(tally.refused, 1000 / MUTANT_STRIDE);
}

START_TEST(mutants_of_lowered_schedules_are_judged_as_by_execution)
{
    for (int i = 0; sluice_schedule_generator(i); i++)
        if (strncmp(sluice_schedule_generator(i), "dualpipe", 8) != 0)
            sweep_lowered(sluice_schedule_generator(i), false);
}
END_TEST

START_TEST(mutants_with_early_receives_are_judged_as_by_execution)
{
    sweep_lowered("1f1b", true);
    sweep_lowered("gpipe", true);
    sweep_lowered("zb-v", true);
    sweep_lowered("pipedream", true);
}
END_TEST

/* From the first stage to the last, and across one, with few places: edges
 * that stop a schedule which would run without them. */
static int sweep_edges(const char *name, int capacity)
{
    struct tally tally = {0, 0};
    int n_stopped = 0;
    for (int k = 2; k <= 4; k++)
        for (int m = 2; m <= NAIVE_MICROBATCHES; m += 2) {
            struct plan plan;
            sluice_schedule_config config = {
                .name = name, .devices = k, .microbatches = m};
            if (!generate(&plan, config, SLUICE_REMAT_NEVER) || plan.copies > 1)
                continue;
            int last = plan.stages - 1;
            plan.n_edges = 2;
            plan.edges[0] = (sluice_schedule_edge){0, last, capacity};
            plan.edges[1] = (sluice_schedule_edge){last / 2, last, 1};
            judge_all(&plan, false, &tally);
            n_stopped += !naive_runs(&plan, 4, false);
            plan.n_edges = 0;
            n_stopped -= !naive_runs(&plan, 4, false);
        }
    ck_assert_int_gt(tally.refused, 1000 / MUTANT_STRIDE);
    return n_stopped;
}

START_TEST(mutants_of_schedules_with_edges_are_judged_as_by_execution)
{
    static const char *const names[] = {
        "gpipe", "1f1b", "zb-h1", "zb-v", "interleaved-1f1b", "pipedream"};
    int n_stopped = 0;
    for (int i = 0; i < 6; i++)
        for (int capacity = 1; capacity <= 3; capacity += 2)
            n_stopped += sweep_edges(names[i], capacity);
    ck_assert_int_gt(n_stopped, 2);
}
END_TEST

static void sweep_vocabulary(const char *name, int max_devices)
{
    struct tally tally = {0, 0};
    for (int k = 1; k <= max_devices; k++)
        for (int m = 1; m <= 4; m++) {
            struct plan plan;
            sluice_schedule *cut =
                sl_test_vocabulary(name, k, m, &(sluice_vocabulary_config){0});
            plan_from(&plan, cut);
            judge_all(&plan, !strcmp(name, "forward"), &tally);
            sluice_schedule_destroy(cut);
        }
    ck_assert_int_gt(tally.refused, 1000 / MUTANT_STRIDE);
}

START_TEST(mutants_with_a_cut_vocabulary_are_judged_as_by_execution)
{
    sweep_vocabulary("1f1b", NAIVE_DEVICES);
    sweep_vocabulary("gpipe", 2);
    sweep_vocabulary("zb-v", 3);
    sweep_vocabulary("forward", 3);
}
END_TEST

/* Copy 0 on devices 0 and 1, one stage each; copy 1 on device 2, whole. */
START_TEST(mutants_of_copies_apart_are_judged_as_by_execution)
{
    struct tally tally = {0, 0};
    struct plan plan = {.devices = 3,
                        .stages = 4,
                        .copies = 2,
                        .microbatches = 4,
                        .stage_device = {0, 1, 2, 2}};
    for (int m = 0; m < 2; m++) {
        plan_append(&plan, 0, SLUICE_F, 0, m);
        plan_append(&plan, 1, SLUICE_F, 1, m);
        plan_append(&plan, 2, SLUICE_F, 2, 2 + m);
        plan_append(&plan, 2, SLUICE_F, 3, 2 + m);
    }
    for (int m = 0; m < 2; m++) {
        plan_append(&plan, 1, SLUICE_B, 1, m);
        plan_append(&plan, 0, SLUICE_B, 0, m);
        plan_append(&plan, 2, SLUICE_B, 3, 2 + m);
        plan_append(&plan, 2, SLUICE_B, 2, 2 + m);
    }
    for (int s = 0; s < 4; s++)
        plan_append(&plan, plan.stage_device[s], SLUICE_UPDATE, s, -1);
    judge_all(&plan, false, &tally);
    ck_assert_int_gt(tally.accepted, 60 / MUTANT_STRIDE);
    ck_assert_int_gt(tally.refused, 100 / MUTANT_STRIDE);
}
END_TEST

SLUICE_TEST_MAIN("sched.mutants", mutants_of_gpipe_are_judged_as_by_execution,
                 mutants_of_1f1b_are_judged_as_by_execution,
                 mutants_of_rematerialized_schedules_are_judged_as_by_execution,
                 mutants_of_split_backwards_are_judged_as_by_execution,
                 mutants_of_forward_only_are_judged_as_by_execution,
                 mutants_of_every_other_schedule_are_judged_as_by_execution,
                 mutants_of_vertical_sync_are_judged_as_by_execution,
                 mutants_of_schedules_with_edges_are_judged_as_by_execution,
                 mutants_with_a_cut_vocabulary_are_judged_as_by_execution,
                 mutants_of_copies_apart_are_judged_as_by_execution,
                 mutants_of_lowered_schedules_are_judged_as_by_execution,
                 mutants_with_early_receives_are_judged_as_by_execution)

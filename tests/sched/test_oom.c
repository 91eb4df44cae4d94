/* Promise A1 for schedules: allocation 1, 2, 3 ... fails, until none does. */
#include <sluice/schedule_passes.h>

#include "sched/failing.h"
#include "support/runner.h"

static sluice_status replace(sluice_schedule **schedule, sluice_status st,
                             sluice_schedule *by)
{
    if (st)
        return st;
    sluice_schedule_destroy(*schedule);
    *schedule = by;
    return SLUICE_OK;
}

/* What is there at the end has no R. */
static sluice_status through_all_passes(sluice_schedule **schedule,
                                        sluice_diag *why)
{
    const sluice_recompute_config early = {.remat = SLUICE_REMAT_ALWAYS,
                                           .early = true};
    sluice_schedule *passed = NULL, *kept = NULL;
    sluice_status st = sluice_schedule_split_backward(*schedule, &passed, why);
    st = replace(schedule, st, passed);
    if (!st)
        st = sluice_schedule_gather_weights(*schedule, 1, &passed, why);
    st = replace(schedule, st, passed);
    if (!st)
        st = sluice_schedule_recompute(*schedule, &early, &kept, why);
    sluice_schedule_destroy(kept);
    if (st)
        return st;
    kept = NULL;
    if (!st)
        st = sluice_schedule_vocabulary(
            *schedule, &(sluice_vocabulary_config){0}, &kept, why);
    sluice_schedule_destroy(kept);
    if (st)
        return st;
    st = sluice_schedule_warm_up(*schedule, (const int[]){1, 0}, 8, &passed,
                                 why);
    st = replace(schedule, st, passed);
    if (st)
        return st;
    st = sluice_schedule_merge_backward(*schedule, &passed, why);
    st = replace(schedule, st, passed);
    if (!st)
        st = sluice_schedule_lower(*schedule, 8, &passed, why);
    st = replace(schedule, st, passed);
    if (!st)
        st = sluice_schedule_raise(*schedule, 8, &passed, why);
    return replace(schedule, st, passed);
}

/* Everything a schedule can go through; all it made is gone at the end.  With 8
 * micro-batches the lists grow at an F, at a B and at an R. */
static sluice_status generate_pass_verify(const sluice_allocator *allocator,
                                          sluice_diag *why)
{
    sluice_schedule *schedule, *passed;
    sluice_schedule_config config = {
        .devices = 2, .microbatches = 8, .allocator = allocator};
    sluice_status st = sluice_schedule_generate(&config, &schedule, why);
    if (st)
        return st;
    st = through_all_passes(&schedule, why);
    if (!st)
        st = sluice_schedule_remat(schedule, SLUICE_REMAT_ALWAYS, &passed, why);
    sluice_schedule_destroy(schedule);
    if (st)
        return st;
    st = sluice_schedule_verify(passed, &(sluice_verify_config){0}, NULL, why);
    sluice_schedule_destroy(passed);
    return st;
}

static sluice_status generate_all(const sluice_allocator *allocator,
                                  sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    for (int i = 0; sluice_schedule_generator(i) && !st; i++) {
        sluice_schedule *schedule = NULL;
        sluice_schedule_config config = {
            .name = sluice_schedule_generator(i),
            .devices = 2,
            .microbatches = 4,
            .allocator = allocator,
        };
        st = sluice_schedule_generate(&config, &schedule, why);
        sluice_schedule_destroy(schedule);
    }
    return st;
}

/* By hand, and refused for want of a forward; the list stays as it was. */
static sluice_status append_refuse(const sluice_allocator *allocator,
                                   sluice_diag *why)
{
    sluice_schedule *schedule;
    sluice_status st = sluice_schedule_create(1, 1, 40, (const int[]){0},
                                              allocator, &schedule, why);
    if (st)
        return st;
    int n = 0, listed;
    for (; n < 39 && !st; n++)
        st = sluice_schedule_append(schedule, 0,
                                    (sluice_action){SLUICE_F, 0, n}, why);
    sluice_schedule_actions(schedule, 0, &listed);
    ck_assert_int_eq(listed, st ? n - 1 : n);
    if (!st) {
        st = sluice_schedule_verify(schedule, &(sluice_verify_config){0}, NULL,
                                    why);
        st = st == SLUICE_SCHEDULE ? SLUICE_OK : st;
    }
    sluice_schedule_destroy(schedule);
    return st;
}

static void sweep(sluice_status (*work)(const sluice_allocator *,
                                        sluice_diag *),
                  bool onward, int at_least)
{
    int n = 0;
    sluice_status st;
    do {
        struct failing failing = {.fail_at = ++n, .onward = onward};
        sluice_allocator allocator = failing_allocator(&failing);
        sluice_diag why = {.status = SLUICE_OK};
        st = work(&allocator, &why);
        ck_assert_int_eq(failing.n_live, 0);
        ck_assert_int_eq(st,
                         failing.n_calls >= n ? SLUICE_NO_MEMORY : SLUICE_OK);
        if (st == SLUICE_NO_MEMORY)
            ck_assert_int_eq(why.status, SLUICE_NO_MEMORY);
    } while (st);
    ck_assert_int_gt(n, at_least);
}

START_TEST(every_failed_allocation_is_a_status_without_a_leak)
{
    sweep(generate_pass_verify, false, 15);
    sweep(append_refuse, false, 6);
    sweep(generate_all, false, 100);
}
END_TEST

START_TEST(so_is_an_allocator_that_fails_from_then_on)
{
    sweep(generate_pass_verify, true, 15);
    sweep(append_refuse, true, 6);
    sweep(generate_all, true, 100);
}
END_TEST

SLUICE_TEST_MAIN("sched.oom",
                 every_failed_allocation_is_a_status_without_a_leak,
                 so_is_an_allocator_that_fails_from_then_on)

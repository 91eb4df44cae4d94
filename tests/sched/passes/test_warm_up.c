/* The pass that moves forwards ahead. */
#include <sluice/schedule_passes.h>

#include <limits.h>

#include "sched/every.h"
#include "support/runner.h"

static sluice_schedule *moved(const sluice_schedule *schedule, const int *slack,
                              int capacity)
{
    sluice_schedule *out = NULL;
    sluice_diag why = {.text = ""};
    ck_assert_msg(
        !sluice_schedule_warm_up(schedule, slack, capacity, &out, &why), "%s",
        why.text);
    return out;
}

START_TEST(one_more_for_each_device_behind_makes_1f1b_eager)
{
    for (int k = 1; k <= 6; k++)
        for (int m = 1; m <= 16; m++) {
            int slack[6];
            for (int d = 0; d < k; d++)
                slack[d] = k - 1 - d;
            sluice_schedule *plain = every_make("1f1b", k, m);
            sluice_schedule *eager = every_make("eager-1f1b", k, m);
            sluice_schedule *have = moved(plain, slack, 1);
            assert_same(have, eager);
            sluice_schedule_destroy(have);
            sluice_schedule_destroy(eager);
            sluice_schedule_destroy(plain);
        }
}
END_TEST

START_TEST(forwards_overtake_backwards_and_nothing_else)
{
    sluice_schedule *zb = every_make("zb-h1", 2, 3);
    sluice_schedule *have = moved(zb, (const int[]){1, 1}, 2);
    assert_text(have, "0:     0F0     0F1     0F2     0I0     0W0     0I1 "
                      "    0W1     0I2     0W2 0UPDATE\n"
                      "1:     1F0     1F1     1I0     1F2     1I1     1W0 "
                      "    1I2     1W1     1W2 1UPDATE\n");
    sluice_schedule_destroy(have);
    sluice_schedule_destroy(zb);
}
END_TEST

/* Two more forwards of device 0, one of which the queue has no place for while
 * device 1 waits for room in the other direction: one more is all there is. */
START_TEST(a_slack_that_could_not_run_is_held_to_what_can)
{
    sluice_schedule *plain = every_make("1f1b", 2, 6);
    sluice_schedule *all = moved(plain, (const int[]){5, 0}, 8);
    sluice_schedule *held = moved(plain, (const int[]){5, 0}, 1);
    assert_text(all, "0:     0F0     0F1     0F2     0F3     0F4     0F5 "
                     "    0B0     0B1     0B2     0B3     0B4     0B5 "
                     "0UPDATE\n"
                     "1:     1F0     1B0     1F1     1B1     1F2     1B2 "
                     "    1F3     1B3     1F4     1B4     1F5     1B5 "
                     "1UPDATE\n");
    assert_text(held, "0:     0F0     0F1     0F2     0B0     0F3     0B1 "
                      "    0F4     0B2     0F5     0B3     0B4     0B5 "
                      "0UPDATE\n"
                      "1:     1F0     1B0     1F1     1B1     1F2     1B2 "
                      "    1F3     1B3     1F4     1B4     1F5     1B5 "
                      "1UPDATE\n");
    sluice_schedule_destroy(held);
    sluice_schedule_destroy(all);
    sluice_schedule_destroy(plain);
}
END_TEST

static void check_one(const struct every *of)
{
    sluice_device_facts before[EVERY_DEVICES], after[EVERY_DEVICES];
    assert_runs_too(of, of->schedule, before);
    for (int n = 0; n <= 3; n++) {
        int slack[EVERY_DEVICES];
        for (int d = 0; d < of->devices; d++)
            slack[d] = n;
        sluice_schedule *have = moved(of->schedule, slack, of->capacity);
        assert_runs_too(of, have, after);
        if (n == 0)
            assert_same(have, of->schedule);
        for (int d = 0; d < of->devices; d++) {
            ck_assert_int_ge(after[d].peak_activations,
                             before[d].peak_activations);
            ck_assert_int_eq(after[d].n_actions, before[d].n_actions);
        }
        sluice_schedule_destroy(have);
    }
}

START_TEST(every_schedule_runs_with_slack)
{
    ck_assert_int_ge(for_every(check_one), 250);
}
END_TEST

/* Forwards of a device before its first backward. */
static int n_ahead(const sluice_schedule *schedule, int device)
{
    int n, ahead = 0;
    const sluice_action *actions =
        sluice_schedule_actions(schedule, device, &n);
    while (ahead < n && actions[ahead].kind == SLUICE_F)
        ahead++;
    return ahead;
}

/* Of all bounds that can run the largest is taken. */
static void check_more(const struct every *of)
{
    enum { MOST = 18 };
    int before[EVERY_DEVICES] = {0}, slack[EVERY_DEVICES];
    for (int n = 0; n <= MOST; n++) {
        for (int d = 0; d < of->devices; d++)
            slack[d] = n;
        sluice_schedule *have = moved(of->schedule, slack, of->capacity);
        for (int d = 0; d < of->devices; d++) {
            ck_assert_int_ge(n_ahead(have, d), before[d]);
            before[d] = n_ahead(have, d);
        }
        sluice_schedule_destroy(have);
    }
}

START_TEST(more_slack_never_moves_less)
{
    ck_assert_int_gt(for_every(check_more), 100);
}
END_TEST

START_TEST(any_slack_of_thousands_of_micro_batches_is_held_at_once)
{
    enum { MANY = 8192 };
    const int slack[] = {INT_MAX, INT_MAX};
    sluice_schedule *plain = every_make("1f1b", 2, MANY);
    sluice_schedule *have = moved(plain, slack, 1);
    ck_assert_int_eq(n_ahead(have, 1), MANY);
    ck_assert_int_eq(n_ahead(have, 0), MANY);
    sluice_schedule_destroy(have);
    have = moved(plain, (const int[]){INT_MAX, 0}, 1);
    ck_assert_int_eq(n_ahead(have, 0), 3);
    sluice_schedule_destroy(have);
    sluice_schedule_destroy(plain);
}
END_TEST

START_TEST(forwards_alone_stay_as_they_are)
{
    sluice_schedule *plain = every_make("forward", 3, 4);
    sluice_schedule *have = moved(plain, (const int[]){2, 2, 2}, 1);
    assert_same(have, plain);
    sluice_schedule_destroy(have);
    sluice_schedule_destroy(plain);
}
END_TEST

static void assert_refused(const sluice_schedule *schedule, const int *slack,
                           int capacity, sluice_status status, const char *says)
{
    sluice_schedule *out = NULL;
    sluice_diag why = {.text = ""};
    ck_assert_int_eq(
        sluice_schedule_warm_up(schedule, slack, capacity, &out, &why), status);
    ck_assert_ptr_null(out);
    ck_assert_msg(strstr(why.text, says) != NULL, "%s", why.text);
}

START_TEST(numbers_below_zero_and_schedules_that_cannot_run_are_refused)
{
    sluice_schedule *plain = every_make("1f1b", 2, 2), *empty;
    assert_refused(plain, (const int[]){0, -1}, 1, SLUICE_INVALID,
                   "a slack of -1 for device 1");
    assert_refused(plain, (const int[]){0, 1}, -1, SLUICE_INVALID,
                   "a queue capacity of -1");
    ck_assert_int_eq(
        sluice_schedule_create(1, 1, 1, (const int[]){0}, NULL, &empty, NULL),
        SLUICE_OK);
    assert_refused(empty, (const int[]){1}, 1, SLUICE_SCHEDULE,
                   "0F0 is missing");
    sluice_schedule_destroy(empty);
    sluice_schedule_destroy(plain);
}
END_TEST

SLUICE_TEST_MAIN("sched.warm_up",
                 one_more_for_each_device_behind_makes_1f1b_eager,
                 forwards_overtake_backwards_and_nothing_else,
                 a_slack_that_could_not_run_is_held_to_what_can,
                 every_schedule_runs_with_slack, more_slack_never_moves_less,
                 any_slack_of_thousands_of_micro_batches_is_held_at_once,
                 forwards_alone_stay_as_they_are,
                 numbers_below_zero_and_schedules_that_cannot_run_are_refused)

/* Backwards in one piece and in two: each pass undoes the other. */
#include <sluice/schedule_passes.h>

#include "sched/every.h"
#include "support/runner.h"

static sluice_schedule *split(const sluice_schedule *schedule)
{
    sluice_schedule *out = NULL;
    ck_assert_int_eq(sluice_schedule_split_backward(schedule, &out, NULL),
                     SLUICE_OK);
    return out;
}

static sluice_schedule *merge(const sluice_schedule *schedule)
{
    sluice_schedule *out = NULL;
    ck_assert_int_eq(sluice_schedule_merge_backward(schedule, &out, NULL),
                     SLUICE_OK);
    return out;
}

static int count(const sluice_schedule *schedule, sluice_action_kind kind)
{
    int found = 0;
    for (int d = 0; d < sluice_schedule_n_devices(schedule); d++) {
        int n;
        const sluice_action *actions = sluice_schedule_actions(schedule, d, &n);
        for (int i = 0; i < n; i++)
            found += actions[i].kind == (int)kind;
    }
    return found;
}

START_TEST(halves_of_a_cell_that_follow_each_other_become_one)
{
    sluice_schedule *zb = every_make("zb-h1", 2, 3), *merged = merge(zb);
    assert_text(merged,
                "0:     0F0     0F1     0B0     0F2     0B1     0B2 0UPDATE\n"
                "1:     1F0     1I0     1F1     1I1     1W0     1F2     1I2 "
                "    1W1     1W2 1UPDATE\n");
    sluice_schedule_destroy(merged);
    sluice_schedule_destroy(zb);
}
END_TEST

START_TEST(a_backward_becomes_two_halves)
{
    sluice_schedule *whole = every_make("gpipe", 1, 2), *halves = split(whole);
    assert_text(halves, "0:     0F0     0F1     0I1     0W1     0I0     0W0 "
                        "0UPDATE\n");
    sluice_schedule_destroy(halves);
    sluice_schedule_destroy(whole);
}
END_TEST

static void check_one(const struct every *of)
{
    sluice_schedule *halves = split(of->schedule);
    sluice_schedule *merged = merge(of->schedule);
    assert_runs_too(of, halves, NULL);
    assert_runs_too(of, merged, NULL);
    ck_assert_int_eq(count(halves, SLUICE_B), 0);
    ck_assert_int_eq(count(halves, SLUICE_W),
                     sluice_schedule_n_stages(halves) * of->microbatches);
    sluice_schedule *again = merge(halves);
    assert_same(again, merged);
    if (count(of->schedule, SLUICE_W) == 0)
        assert_same(again, of->schedule);
    sluice_schedule_destroy(again);
    again = split(merged);
    assert_same(again, halves);
    if (count(of->schedule, SLUICE_B) == 0)
        assert_same(again, of->schedule);
    sluice_schedule_destroy(again);
    sluice_schedule_destroy(merged);
    sluice_schedule_destroy(halves);
}

START_TEST(every_schedule_runs_either_way_and_back)
{
    ck_assert_int_ge(for_every(check_one), 250);
}
END_TEST

SLUICE_TEST_MAIN("sched.merge_backward",
                 halves_of_a_cell_that_follow_each_other_become_one,
                 a_backward_becomes_two_halves,
                 every_schedule_runs_either_way_and_back)

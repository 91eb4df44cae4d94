/* What the greedy order of Varuna is. */
#include "sched/every.h"

#include "support/runner.h"

START_TEST(a_recompute_follows_the_gradient_of_the_next_stage)
{
    sluice_schedule *schedule = every_make("varuna", 3, 4);
    assert_text(schedule,
                "0:     0F0     0F1     0F2     0F3     0R0     0I0     0W0 "
                "    0R1     0I1     0W1     0R2     0I2     0W2     0R3 "
                "    0I3     0W3 0UPDATE\n"
                "1:     1F0     1F1     1F2     1R0     1I0     1W0     1R1 "
                "    1I1     1W1     1R2     1I2     1W2     1F3     1R3 "
                "    1I3     1W3 1UPDATE\n"
                "2:     2F0     2I0     2W0     2F1     2I1     2W1     2F2 "
                "    2I2     2W2     2F3     2I3     2W3 2UPDATE\n");
    sluice_schedule_destroy(schedule);
}
END_TEST

static int count(const sluice_schedule *schedule, int device,
                 sluice_action_kind kind)
{
    int n, found = 0;
    const sluice_action *actions =
        sluice_schedule_actions(schedule, device, &n);
    for (int i = 0; i < n; i++)
        found += actions[i].kind == (int)kind;
    return found;
}

START_TEST(all_stages_but_the_last_recompute_everything)
{
    for (int k = 1; k <= 8; k++)
        for (int m = 1; m <= 20; m++) {
            sluice_schedule *schedule = every_make("varuna", k, m);
            for (int d = 0; d < k; d++)
                ck_assert_int_eq(count(schedule, d, SLUICE_R),
                                 d < k - 1 ? m : 0);
            sluice_schedule_destroy(schedule);
        }
}
END_TEST

START_TEST(w_comes_right_after_i_and_i_right_after_r)
{
    sluice_schedule *schedule = every_make("varuna", 5, 17);
    for (int d = 0; d < 5; d++) {
        int n;
        const sluice_action *actions = sluice_schedule_actions(schedule, d, &n);
        for (int i = 0; i + 1 < n; i++) {
            if (actions[i].kind == SLUICE_I)
                ck_assert_int_eq(actions[i + 1].kind, SLUICE_W);
            if (actions[i].kind == SLUICE_R)
                ck_assert_int_eq(actions[i + 1].kind, SLUICE_I);
        }
    }
    sluice_schedule_destroy(schedule);
}
END_TEST

/* It runs ahead as far as the standard queues let it. */
START_TEST(a_single_place_may_be_too_little)
{
    sluice_diag why = {.text = ""};
    sluice_schedule *schedule = every_make("varuna", 4, 8);
    ck_assert_int_eq(every_verify(schedule, 1, NULL, &why), SLUICE_SCHEDULE);
    ck_assert_msg(!strncmp(why.text, "deadlock: ", 10), "%s", why.text);
    ck_assert_int_eq(every_verify(schedule, 0, NULL, NULL), SLUICE_OK);
    sluice_schedule_destroy(schedule);
}
END_TEST

SLUICE_TEST_MAIN("sched.varuna",
                 a_recompute_follows_the_gradient_of_the_next_stage,
                 all_stages_but_the_last_recompute_everything,
                 w_comes_right_after_i_and_i_right_after_r,
                 a_single_place_may_be_too_little)

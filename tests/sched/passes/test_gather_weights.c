/* Weight gradients that stand together. */
#include <sluice/schedule_passes.h>

#include "sched/every.h"
#include "support/runner.h"

static sluice_schedule *gather(const sluice_schedule *schedule, int group)
{
    sluice_schedule *out = NULL;
    ck_assert_int_eq(
        sluice_schedule_gather_weights(schedule, group, &out, NULL), SLUICE_OK);
    return out;
}

START_TEST(backwards_are_split_and_their_w_stand_in_groups)
{
    sluice_schedule *whole = every_make("gpipe", 1, 5);
    sluice_schedule *pairs = gather(whole, 2), *all = gather(whole, 0);
    assert_text(pairs, "0:     0F0     0F1     0F2     0F3     0F4     0I4     "
                       "0I3     0W4     0W3     0I2     0I1     0W2     0W1    "
                       " 0I0     0W0 0UPDATE\n");
    assert_text(all, "0:     0F0     0F1     0F2     0F3     0F4     0I4     "
                     "0I3     0I2     0I1     0I0     0W4     0W3     0W2     "
                     "0W1     0W0 0UPDATE\n");
    sluice_schedule_destroy(all);
    sluice_schedule_destroy(pairs);
    sluice_schedule_destroy(whole);
}
END_TEST

START_TEST(w_wait_no_longer_than_until_the_update_of_their_version)
{
    sluice_schedule *plain = every_make("pipedream", 2, 3);
    sluice_schedule *gathered = gather(plain, 8);
    assert_text(gathered,
                "0:     0F0     0F1     0I0     0W0 0UPDATE     0F2     0I1    "
                " 0W1 0UPDATE     0I2     0W2 0UPDATE\n"
                "1:     1F0     1I0     1W0 1UPDATE     1F1     1I1     1W1 "
                "1UPDATE     1F2     1I2     1W2 1UPDATE\n");
    sluice_schedule_destroy(gathered);
    sluice_schedule_destroy(plain);
}
END_TEST

/* The actions of a stage that have a gradient of weights in them, in order. */
static int list_weights(const sluice_schedule *schedule, int stage, int m[])
{
    int n, found = 0;
    const sluice_action *actions = sluice_schedule_actions(
        schedule, sluice_schedule_stage_device(schedule, stage), &n);
    for (int i = 0; i < n; i++)
        if (actions[i].stage == stage &&
            (actions[i].kind == SLUICE_B || actions[i].kind == SLUICE_W))
            m[found++] = actions[i].microbatch;
    return found;
}

static void check_one(const struct every *of)
{
    int before[64], after[64];
    for (int group = 0; group <= 3; group++) {
        sluice_schedule *gathered = gather(of->schedule, group);
        assert_runs_too(of, gathered, NULL);
        for (int s = 0; s < sluice_schedule_n_stages(gathered); s++) {
            int n = list_weights(of->schedule, s, before);
            ck_assert_int_eq(list_weights(gathered, s, after), n);
            ck_assert_mem_eq(before, after, (size_t)n * sizeof *before);
        }
        sluice_schedule *again = gather(gathered, group);
        assert_same(again, gathered);
        sluice_schedule_destroy(again);
        sluice_schedule_destroy(gathered);
    }
}

START_TEST(every_schedule_runs_and_adds_in_the_same_order)
{
    ck_assert_int_ge(for_every(check_one), 250);
}
END_TEST

START_TEST(what_cannot_be_gathered_is_refused)
{
    sluice_schedule *plain = every_make("1f1b", 2, 3), *lowered, *out = NULL;
    sluice_diag why;
    ck_assert_int_eq(sluice_schedule_gather_weights(plain, -1, &out, &why),
                     SLUICE_INVALID);
    ck_assert_ptr_nonnull(strstr(why.text, "-1 W's"));
    ck_assert(!sluice_schedule_lower(plain, 2, &lowered, NULL));
    ck_assert_int_eq(sluice_schedule_gather_weights(lowered, 2, &out, &why),
                     SLUICE_INVALID);
    ck_assert_ptr_nonnull(
        strstr(why.text, "raise it first, then gather its W's"));
    ck_assert_ptr_null(out);
    sluice_schedule_destroy(lowered);
    sluice_schedule_destroy(plain);
}
END_TEST

SLUICE_TEST_MAIN("sched.gather_weights",
                 backwards_are_split_and_their_w_stand_in_groups,
                 w_wait_no_longer_than_until_the_update_of_their_version,
                 every_schedule_runs_and_adds_in_the_same_order,
                 what_cannot_be_gathered_is_refused)

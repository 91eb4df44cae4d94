/* A hundred thousand random schedules: the verifier and the naive execution
 * agree on each. */
#include "sched/place.h"

#include "sched/random_plan.h"
#include "support/grid.h"
#include "support/runner.h"

enum { N_SCHEDULES = 100000 / SL_TEST_STRIDE };

/* Exchange two actions of one device, anywhere. */
static void disturb(struct plan *plan, struct dice *dice)
{
    int d = roll(dice, plan->devices);
    if (!plan->n[d])
        return;
    int i = roll(dice, plan->n[d]), j = roll(dice, plan->n[d]);
    sluice_action kept = plan->list[d][i];
    plan->list[d][i] = plan->list[d][j];
    plan->list[d][j] = kept;
}

static const char *const rules[] = {"order", "hand-off", "deadlock"};

START_TEST(random_schedules_are_judged_as_by_execution)
{
    struct dice dice = {.at = 0};
    int accepted = 0, by_rule[3] = {0};
    for (int i = 0; i < N_SCHEDULES; i++) {
        struct plan plan;
        random_plan(&plan, &dice);
        for (int n = roll(&dice, 4); n > 1; n--)
            disturb(&plan, &dice);
        int capacity = 1 + roll(&dice, 4);
        sluice_diag why;
        sluice_status st = plan_verify(&plan, capacity, false, &why);
        ck_assert_msg((st == SLUICE_OK) == naive_runs(&plan, capacity, false),
                      "schedule %d, capacity %d: %s", i, capacity,
                      st ? why.text : "accepted");
        if (st)
            assert_place(&plan, &why);
        accepted += st == SLUICE_OK;
        for (int r = 0; r < 3; r++)
            by_rule[r] += st && begins(why.text, rules[r]);
    }
    /* The test means something only if all verdicts are frequent. */
    ck_assert_int_gt(accepted, N_SCHEDULES / 5);
    for (int r = 0; r < 3; r++)
        ck_assert_msg(by_rule[r] > N_SCHEDULES / 50, "%s: %d", rules[r],
                      by_rule[r]);
}
END_TEST

SLUICE_TEST_MAIN("sched.random", random_schedules_are_judged_as_by_execution)

/* Ten thousand random schedules, with several stages per device in any
 * placement: the verifier and the naive simulator agree on each. */
#include "sched/place.h"

#include <stdint.h>

#include "base/rng.h"
#include "support/runner.h"

enum { N_SCHEDULES = 10000 };

struct dice {
    uint64_t at;
    uint32_t bits[8];
};

static int roll(struct dice *dice, int sides)
{
    struct sl_rng_counter counter = {{dice->at / 8, 0, 0, 0}};
    if (dice->at % 8 == 0)
        sl_rng_block(20, SL_RNG_TEST, counter, dice->bits);
    return (int)(dice->bits[dice->at++ % 8] % (uint32_t)sides);
}

static void shuffle(struct dice *dice, int *order, int n)
{
    for (int i = 0; i < n; i++)
        order[i] = i;
    for (int i = n - 1; i > 0; i--) {
        int j = roll(dice, i + 1);
        int kept = order[i];
        order[i] = order[j];
        order[j] = kept;
    }
}

/* What has been written of a random plan. */
struct growth {
    struct plan *plan;
    int forward[NAIVE_MICROBATCHES]; /* the order of all stages */
    int backward[NAIVE_MICROBATCHES];
    int n_forward[NAIVE_STAGES];
    int n_backward[NAIVE_STAGES];
    int pending[NAIVE_STAGES][NAIVE_MICROBATCHES]; /* a W that is owed */
};

static bool grow_forward(struct growth *growth, int s)
{
    struct plan *plan = growth->plan;
    int i = growth->n_forward[s];
    if (i == plan->microbatches || (s > 0 && growth->n_forward[s - 1] <= i))
        return false;
    growth->n_forward[s]++;
    plan_append(plan, plan->stage_device[s], SLUICE_F, s, growth->forward[i]);
    return true;
}

static bool has_forward(const struct growth *growth, int s, int m)
{
    for (int i = 0; i < growth->n_forward[s]; i++)
        if (growth->forward[i] == m)
            return true;
    return false;
}

static bool grow_backward(struct growth *growth, int s, struct dice *dice)
{
    struct plan *plan = growth->plan;
    int i = growth->n_backward[s];
    if (i == plan->microbatches ||
        (s + 1 < plan->stages && growth->n_backward[s + 1] <= i) ||
        !has_forward(growth, s, growth->backward[i]))
        return false;
    int m = growth->backward[i];
    bool half = roll(dice, 3) == 0;
    growth->n_backward[s]++;
    growth->pending[s][m] = half;
    if (roll(dice, 4) == 0)
        plan_append(plan, plan->stage_device[s], SLUICE_R, s, m);
    plan_append(plan, plan->stage_device[s], half ? SLUICE_I : SLUICE_B, s, m);
    return true;
}

static bool grow_weight(struct growth *growth, int s, int m)
{
    if (!growth->pending[s][m])
        return false;
    growth->pending[s][m] = false;
    plan_append(growth->plan, growth->plan->stage_device[s], SLUICE_W, s, m);
    return true;
}

static bool finished(const struct growth *growth)
{
    const struct plan *plan = growth->plan;
    for (int s = 0; s < plan->stages; s++) {
        if (growth->n_backward[s] < plan->microbatches)
            return false;
        for (int m = 0; m < plan->microbatches; m++)
            if (growth->pending[s][m])
                return false;
    }
    return true;
}

/* A plan that runs, if the queues are large enough. */
static void random_plan(struct plan *plan, struct dice *dice)
{
    memset(plan, 0, sizeof *plan);
    plan->devices = 1 + roll(dice, NAIVE_DEVICES);
    plan->stages = 1 + roll(dice, NAIVE_STAGES);
    plan->microbatches = 1 + roll(dice, NAIVE_MICROBATCHES);
    for (int s = 0; s < plan->stages; s++)
        plan->stage_device[s] = roll(dice, plan->devices);
    struct growth growth = {.plan = plan};
    shuffle(dice, growth.forward, plan->microbatches);
    shuffle(dice, growth.backward, plan->microbatches);
    while (!finished(&growth)) {
        int s = roll(dice, plan->stages);
        switch (roll(dice, 3)) {
        case 0:
            grow_forward(&growth, s);
            break;
        case 1:
            grow_backward(&growth, s, dice);
            break;
        default:
            grow_weight(&growth, s, roll(dice, plan->microbatches));
        }
    }
    for (int s = 0; s < plan->stages; s++)
        plan_append(plan, plan->stage_device[s], SLUICE_UPDATE, s, -1);
}

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

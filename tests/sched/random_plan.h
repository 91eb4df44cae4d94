/* Random plans for the naive executions, with several stages per device in any
 * placement. */
#ifndef SL_TEST_SCHED_RANDOM_PLAN_H
#define SL_TEST_SCHED_RANDOM_PLAN_H

#include <stdint.h>

#include "base/rng.h"
#include "sched/naive.h"

struct dice {
    uint64_t at;
    uint32_t bits[8];
};

static inline int roll(struct dice *dice, int sides)
{
    struct sl_rng_counter counter = {{dice->at / 8, 0, 0, 0}};
    if (dice->at % 8 == 0)
        sl_rng_block(20, SL_RNG_TEST, counter, dice->bits);
    return (int)(dice->bits[dice->at++ % 8] % (uint32_t)sides);
}

static inline void shuffle(struct dice *dice, int *order, int n)
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

static inline bool grow_forward(struct growth *growth, int s)
{
    struct plan *plan = growth->plan;
    int i = growth->n_forward[s];
    if (i == plan->microbatches || (s > 0 && growth->n_forward[s - 1] <= i))
        return false;
    growth->n_forward[s]++;
    plan_append(plan, plan->stage_device[s], SLUICE_F, s, growth->forward[i]);
    return true;
}

static inline bool has_forward(const struct growth *growth, int s, int m)
{
    for (int i = 0; i < growth->n_forward[s]; i++)
        if (growth->forward[i] == m)
            return true;
    return false;
}

static inline bool grow_backward(struct growth *growth, int s,
                                 struct dice *dice)
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

static inline bool grow_weight(struct growth *growth, int s, int m)
{
    if (!growth->pending[s][m])
        return false;
    growth->pending[s][m] = false;
    plan_append(growth->plan, growth->plan->stage_device[s], SLUICE_W, s, m);
    return true;
}

static inline bool finished(const struct growth *growth)
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
static inline void random_plan(struct plan *plan, struct dice *dice)
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

#endif

/*
 * The oracle's rules of S and T, from the text of include/sluice/schedule.h.
 */
#ifndef SL_TEST_SCHED_NAIVE_VOCABULARY_H
#define SL_TEST_SCHED_NAIVE_VOCABULARY_H

#include "sched/naive_plan.h"

/* How often each action of a cell was done. */
typedef int naive_cells[NAIVE_STAGES][NAIVE_MICROBATCHES]
                       [SLUICE_N_ACTION_KINDS];

static inline bool naive_is_score(sluice_action a)
{
    return a.kind == SLUICE_S || a.kind == SLUICE_T;
}

static inline bool naive_has_scores(const struct plan *plan)
{
    for (int d = 0; d < plan->devices; d++)
        for (int i = 0; i < plan->n[d]; i++)
            if (naive_is_score(plan->list[d][i]))
                return true;
    return false;
}

/* Whether a stage is its device's first. */
static inline bool naive_is_first_held(const struct plan *plan, int s)
{
    for (int before = 0; before < s; before++)
        if (plan->stage_device[before] == plan->stage_device[s])
            return false;
    return true;
}

/* Whether what other devices give to this action is there. */
static inline bool naive_scores_are_there(const struct plan *plan,
                                          const naive_cells *did,
                                          sluice_action a)
{
    int last = plan->stages - 1;
    bool starts_back =
        a.stage == last && (a.kind == SLUICE_B || a.kind == SLUICE_I);
    if (a.kind == SLUICE_S)
        return (*did)[last][a.microbatch][SLUICE_F] &&
               (*did)[a.stage][a.microbatch][SLUICE_F];
    if (a.kind != SLUICE_T && !(starts_back && naive_has_scores(plan)))
        return true;
    for (int s = 0; s < plan->stages; s++)
        if (naive_is_first_held(plan, s) && !(*did)[s][a.microbatch][SLUICE_S])
            return false;
    return true;
}

static inline int naive_sequence(const struct plan *plan, int kind, int stage,
                                 int sequence[NAIVE_ACTIONS])
{
    int n = 0, device = plan->stage_device[stage];
    for (int i = 0; i < plan->n[device]; i++)
        if (plan->list[device][i].kind == kind &&
            plan->list[device][i].stage == stage)
            sequence[n++] = plan->list[device][i].microbatch;
    return n;
}

static inline bool naive_is_like(const struct plan *plan, int kind, int stage)
{
    int wanted[NAIVE_ACTIONS], found[NAIVE_ACTIONS];
    int n = naive_sequence(plan, SLUICE_F, plan->stages - 1, wanted);
    return naive_sequence(plan, kind, stage, found) == n &&
           !memcmp(wanted, found, (size_t)n * sizeof *found);
}

/* Whether a plan that ran has none, or all of them in order. */
static inline bool naive_scores_are_right(const struct plan *plan,
                                          bool asynchronous)
{
    if (!naive_has_scores(plan))
        return true;
    if (asynchronous || plan->copies > 1)
        return false;
    for (int s = 0; s < plan->stages; s++) {
        int none[NAIVE_ACTIONS];
        if (naive_is_first_held(plan, s)
                ? !naive_is_like(plan, SLUICE_S, s) ||
                      !naive_is_like(plan, SLUICE_T, s)
                : naive_sequence(plan, SLUICE_S, s, none) ||
                      naive_sequence(plan, SLUICE_T, s, none))
            return false;
    }
    return true;
}

#endif

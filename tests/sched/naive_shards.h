/*
 * The oracle's rules of parameters that replicas share, from the text of
 * include/sluice/schedule.h.
 */
#ifndef SL_TEST_SCHED_NAIVE_SHARDS_H
#define SL_TEST_SCHED_NAIVE_SHARDS_H

#include "sched/naive_plan.h"

enum naive_outcome { NAIVE_DONE, NAIVE_WAIT, NAIVE_WRONG };

struct naive_shares {
    bool whole[NAIVE_STAGES];     /* the parameters have been UNSHARDed */
    int reductions[NAIVE_STAGES]; /* REDUCE_GRADs */
};

static inline bool naive_is_of_shards(sluice_action a)
{
    return a.kind == SLUICE_UNSHARD || a.kind == SLUICE_RESHARD ||
           a.kind == SLUICE_REDUCE_GRAD;
}

static inline bool naive_has_shards(const struct plan *plan)
{
    for (int d = 0; d < plan->devices; d++)
        for (int i = 0; i < plan->n[d]; i++)
            if (naive_is_of_shards(plan->list[d][i]))
                return true;
    return false;
}

static inline bool naive_lists(const struct plan *plan, int kind, int stage)
{
    for (int d = 0; d < plan->devices; d++)
        for (int i = 0; i < plan->n[d]; i++)
            if (plan->list[d][i].kind == kind &&
                plan->list[d][i].stage == stage)
                return true;
    return false;
}

static inline enum naive_outcome naive_shard(const struct plan *plan,
                                             struct naive_shares *shares,
                                             bool asynchronous, sluice_action a)
{
    bool unshards = a.kind == SLUICE_UNSHARD;
    if (asynchronous)
        return NAIVE_WRONG;
    if (a.kind == SLUICE_REDUCE_GRAD)
        return plan->copies <= 1 && shares->reductions[a.stage]++ == 0
                   ? NAIVE_DONE
                   : NAIVE_WRONG;
    if (shares->whole[a.stage] == unshards)
        return NAIVE_WRONG;
    shares->whole[a.stage] = unshards;
    return NAIVE_DONE;
}

/* Whether the parameters that an F, R, B, I or W needs are there, and its
 * gradient can still be added to. */
static inline bool naive_may_compute(const struct plan *plan,
                                     const struct naive_shares *shares,
                                     sluice_action a)
{
    bool shared = naive_lists(plan, SLUICE_UNSHARD, a.stage) ||
                  naive_lists(plan, SLUICE_RESHARD, a.stage);
    bool adds = a.kind == SLUICE_B || a.kind == SLUICE_W;
    return (!shared || shares->whole[a.stage]) &&
           !(adds && shares->reductions[a.stage]);
}

#endif

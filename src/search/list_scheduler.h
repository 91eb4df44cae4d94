/* List scheduling: a clock, and for each device the most urgent action that is
 * ready.  One thread. */
#ifndef SL_SEARCH_LIST_SCHEDULER_H
#define SL_SEARCH_LIST_SCHEDULER_H

#include "search/worth.h"

/* Which of the ready actions goes first.  All micro-batches go in order. */
struct sl_policy {
    bool split;         /* I and W in place of B */
    bool in_a_v;        /* 2K stages, the second half on its way back */
    bool forward_first; /* rather than backwards */
    bool in_turn;       /* rather the other of F and backward than the same */
    bool deep_forward;  /* later stages first */
    bool deep_backward; /* the same for backwards */
    bool patient;       /* no W that an input would have to wait for */
};

enum { SL_N_POLICIES = 1 << 7 };

/* Policy `i`; false if it is the same as another one, or does not suit the
 * number of stages. */
bool sl_policy(const struct sl_problem *problem, int i,
               struct sl_policy *policy);

/*
 * Make a schedule.
 *
 * Returns  SLUICE_OK; SLUICE_NOT_FOUND if the policy gets stuck: the limit
 *          leaves it no room; SLUICE_NO_MEMORY.
 */
sluice_status sl_list_schedule(const struct sl_problem *problem,
                               const struct sl_policy *policy,
                               sluice_schedule **out, sluice_diag *why);

#endif

/*
 * The best candidates that were found: one for each number of devices, replicas
 * and size of a team, ZeRO stage, gathered W's, schedule and whether it
 * recomputes.  One thread.
 */
#ifndef SL_PLAN_SEARCH_BOARD_H
#define SL_PLAN_SEARCH_BOARD_H

#include "plan/search/candidate.h"

struct sl_plan_entry {
    struct sl_plan_candidate candidate;
    sluice_schedule_config generated; /* of its order, unless */
    sluice_schedule *searched;        /* it was searched for; owned */
    struct sl_plan_division division;
    int n_places;
};

struct sl_plan_board {
    const sluice_allocator *allocator;
    struct sl_plan_entry *entries; /* [n] */
    size_t n;
    size_t capacity;
    size_t least_bytes; /* the cap under which the smallest candidate that did
                           not fit would; 0: all did */
};

/* "1f1b", or "auto". */
const char *sl_plan_entry_name(const struct sl_plan_entry *entry);

/*
 * Keep a priced candidate, if it is the best of its kind.
 *
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY, or as sl_plan_exact_bytes().
 */
sluice_status sl_plan_board_offer(struct sl_plan_board *board,
                                  const struct sl_plan_problem *problem,
                                  const struct sl_plan_order *order,
                                  const struct sl_plan_candidate *candidate,
                                  sluice_diag *why);

/* The fastest first; of equal ones, that with fewer stages, then bytes. */
void sl_plan_board_sort(struct sl_plan_board *board);

/*
 * The order of an entry, made again; the problem is divided as the entry.
 *
 * Returns  as sl_plan_order_init().
 */
sluice_status sl_plan_entry_order(struct sl_plan_problem *problem,
                                  const struct sl_plan_entry *entry,
                                  struct sl_plan_order *order,
                                  sluice_diag *why);

void sl_plan_board_fini(struct sl_plan_board *board);

#endif

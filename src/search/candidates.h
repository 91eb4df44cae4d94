/* The candidates of a search, and the best of them.  One thread. */
#ifndef SL_SEARCH_CANDIDATES_H
#define SL_SEARCH_CANDIDATES_H

#include "search/worth.h"

struct sl_candidates {
    struct sl_problem problem;
    sluice_schedule *best; /* so far; NULL: none keeps the limit */
    struct sl_worth worth; /* of `best`, */
    int64_t held;          /* and the most that a device holds */
    int64_t least;         /* of what candidates hold that run; -1: none */
    sluice_search_result result;
};

/*
 * Try them all: those of the generators, as they are and after passes, of the
 * list scheduler, and of the beam search, whose effort is in proportion to
 * `tries`.
 *
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY.
 */
sluice_status sl_candidates_try(struct sl_candidates *search, int tries,
                                sluice_diag *why);

#endif

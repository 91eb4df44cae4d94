/* What a candidate is worth.  One thread. */
#ifndef SL_SEARCH_WORTH_H
#define SL_SEARCH_WORTH_H

#include <stdbool.h>

#include <sluice/search.h>

/* What is searched for; defaults are in place. */
struct sl_problem {
    const sluice_search_config *config;
    int n_stages;
    int capacity;
};

/* What a device holds at most, of the worst device.  The schedule has passed
 * the verifier. */
int64_t sl_peak_held(const struct sl_problem *problem,
                     const sluice_schedule *schedule);

/*
 * Simulate.
 *
 * Returns  SLUICE_OK; SLUICE_SCHEDULE if it cannot run; SLUICE_INVALID for
 *          costs that are refused; SLUICE_NO_MEMORY.
 */
sluice_status sl_judge(const struct sl_problem *problem,
                       const sluice_schedule *schedule, int64_t *makespan_ns,
                       sluice_diag *why);

#endif

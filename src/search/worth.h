/* What a candidate is worth.  One thread. */
#ifndef SL_SEARCH_WORTH_H
#define SL_SEARCH_WORTH_H

#include <stdbool.h>

#include <sluice/search.h>

/* What a schedule is worth: less is better. */
struct sl_worth {
    int64_t makespan_ns;
    int64_t span_ns;
};

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
                       const sluice_schedule *schedule, struct sl_worth *worth,
                       sluice_diag *why);

/* What no schedule of these stages can be better than, by the objective. */
int64_t sl_bound_ns(const struct sl_problem *problem);

/* The number that the objective asks for. */
static inline int64_t sl_objective_ns(const struct sl_problem *problem,
                                      struct sl_worth worth)
{
    return problem->config->objective == SLUICE_SPAN ? worth.span_ns
                                                     : worth.makespan_ns;
}

#endif

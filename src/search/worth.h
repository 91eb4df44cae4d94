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

/* What an action costs. */
static inline int64_t sl_problem_cost(const struct sl_problem *problem,
                                      int kind, int stage)
{
    return problem->config
        ->stage_costs_ns[(size_t)stage * SLUICE_N_ACTION_KINDS + (size_t)kind];
}

/* What a micro-batch holds from F to B or W. */
static inline int64_t sl_problem_bytes(const struct sl_problem *problem,
                                       int stage)
{
    const int64_t *bytes = problem->config->activation_bytes;
    return bytes ? bytes[stage] : 1;
}

/* What of that an I leaves to its W. */
static inline int64_t sl_problem_kept(const struct sl_problem *problem,
                                      int stage)
{
    const int64_t *bytes = problem->config->weight_bytes;
    return bytes ? bytes[stage] : sl_problem_bytes(problem, stage);
}

/* What a device holds more after an action. */
static inline int64_t sl_problem_change(const struct sl_problem *problem,
                                        int kind, int stage)
{
    int64_t all = sl_problem_bytes(problem, stage);
    int64_t kept = sl_problem_kept(problem, stage);
    switch (kind) {
    case SLUICE_F:
        return all;
    case SLUICE_B:
        return -all;
    case SLUICE_I:
        return kept - all;
    case SLUICE_W:
        return -kept;
    default:
        return 0;
    }
}

/* The device of a stage: in a loop, or in a V, where the second half of 2K
 * stages goes back the way the first came. */
static inline int sl_problem_place(const struct sl_problem *problem, int stage,
                                   bool in_a_v)
{
    int k = problem->config->devices;
    return in_a_v && stage >= k ? 2 * k - 1 - stage : stage % k;
}

/*
 * Append to a searched schedule the UPDATE of each stage.
 *
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY.
 */
sluice_status sl_append_updates(sluice_schedule *schedule, sluice_diag *why);

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

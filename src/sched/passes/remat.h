/*
 * The two ways to place recomputes.  One thread.
 */
#ifndef SL_SCHED_PASSES_REMAT_H
#define SL_SCHED_PASSES_REMAT_H

#include <stdbool.h>

#include <sluice/schedule_passes.h>

#include "sched/schedule.h"

/*
 * What is to be recomputed: chosen[stage * n_microbatches + microbatch].
 * Either places an R for each chosen cell into `out`, an empty schedule like
 * `schedule`.
 */
struct sl_recompute {
    const sluice_schedule *schedule;
    const bool *chosen;
    const sluice_recompute_config *config;
};

static inline size_t sl_recompute_cell(const struct sl_recompute *recompute,
                                       sluice_action action)
{
    return (size_t)action.stage * (size_t)recompute->schedule->n_microbatches +
           (size_t)action.microbatch;
}

static inline bool sl_takes_gradient(sluice_action action)
{
    return action.kind == SLUICE_B || action.kind == SLUICE_I;
}

/*
 * Where the device would wait, in a schedule that runs.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID for costs; SLUICE_NO_MEMORY.
 */
sluice_status sl_recompute_early(const struct sl_recompute *recompute,
                                 sluice_schedule **out, sluice_diag *why);

#endif

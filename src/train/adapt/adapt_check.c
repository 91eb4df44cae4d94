/* What an adapter refuses.  The caller's thread. */
#include "train/adapt/adapt_check.h"

#include <sluice/plan.h>

#include "pipeline/pipeline.h"

sluice_status sl_adapt_check(const sluice_adapt_config *config,
                             const sluice_pipeline *pipe, sluice_diag *why)
{
    const struct sl_blueprint *bp = &pipe->blueprint;
    bool fits = bp->grid.n_replicas == 1 && bp->grid.n_shards == 1 &&
                bp->grid.n_copies == 1 && !bp->vocabulary.n_replicas &&
                !bp->updates.asynchronous;
    if (!(config->margin >= 0 && config->margin <= 10))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "a margin of %g; give 0 to 10, 0.1 being 10 %%",
                               config->margin);
    if (config->window < 0 || config->window > SLUICE_ADAPT_MOST_WINDOW ||
        (config->window && config->window % 2 == 0))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "a window of %d steps; give an odd number to %d",
                               config->window, SLUICE_ADAPT_MOST_WINDOW);
    if (!pipe->traces)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "adapting needs the pipeline's `trace`, which "
                               "tells what actions take");
    if (!fits)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "adapting plans one pipeline with a "
                               "synchronous schedule: no replicas, teams, "
                               "copies or cut vocabulary");
    if (bp->grid.n_stages > SLUICE_PLAN_MAX_STAGES)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "adapting plans at most %d stages, and the "
                               "pipeline has %d; give fewer chunks",
                               SLUICE_PLAN_MAX_STAGES, bp->grid.n_stages);
    if (config->pipeline->custom && !config->schedules)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "a custom schedule has no generator that makes "
                               "it for another number of devices: give the "
                               "names of `schedules`");
    return SLUICE_OK;
}

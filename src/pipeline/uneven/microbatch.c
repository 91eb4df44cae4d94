/* What a micro-batch is in the job under way.  The device. */
#include "pipeline/uneven/microbatch.h"

void sl_spread_job(struct sl_device *device)
{
    const struct sl_grid *grid = &device->pipe->blueprint.grid;
    device->spread =
        sl_replica_spread(device->pipe->job.rows, grid->n_replicas,
                          device->at.replica, grid->n_microbatches);
}

float sl_loss_scale(const sluice_pipeline *pipe, int microbatch)
{
    int32_t update = pipe->blueprint.findings.update_of[microbatch];
    int64_t terms = pipe->update_terms[update];
    return terms ? (float)(1.0 / (double)terms) : 0;
}

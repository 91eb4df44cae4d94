/* What a micro-batch is in the job under way.  The device. */
#include "pipeline/uneven/microbatch.h"

struct sl_rows sl_rows_of(const struct sl_device *device,
                          const struct sl_op *op)
{
    const struct sl_grid *grid = &device->pipe->blueprint.grid;
    return sl_replica_rows(device->pipe->job.rows, grid->n_replicas,
                           device->at.replica, grid->n_microbatches,
                           op->action.microbatch);
}

float sl_loss_scale(const sluice_pipeline *pipe, int microbatch)
{
    int32_t update = pipe->blueprint.findings.update_of[microbatch];
    int64_t terms = pipe->update_terms[update];
    return terms ? (float)(1.0 / (double)terms) : 0;
}

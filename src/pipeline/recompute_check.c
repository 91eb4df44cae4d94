/* Comparing a recomputed output with the first one.  The stage's device. */
#include "pipeline/recompute_check.h"

#include "base/digest.h"

size_t sl_n_digests(const struct sl_blueprint *bp)
{
    if (!bp->checks_recompute)
        return 0;
    return (size_t)sl_n_all_stages(&bp->grid) * (size_t)bp->grid.n_microbatches;
}

static uint64_t *place(const struct sl_device *device, const struct sl_op *op)
{
    const struct sl_grid *grid = &device->pipe->blueprint.grid;
    int stage = sl_first_stage(grid, device->at) + op->action.stage;
    return &device->pipe->digests[(size_t)stage * (size_t)grid->n_microbatches +
                                  (size_t)op->action.microbatch];
}

sluice_status sl_compare_recompute(const struct sl_device *device,
                                   const struct sl_op *op, const float *y,
                                   int64_t n, sluice_diag *why)
{
    bool repeats = op->action.kind == SLUICE_R;
    if (!repeats && !op->recomputed)
        return SLUICE_OK;
    uint64_t *first = place(device, op);
    uint64_t digest = sl_digest(y, n);
    if (!repeats)
        *first = digest;
    else if (*first != digest)
        return sluice_diag_set(why, SLUICE_NOT_REPEATED,
                               "the recomputed output of the stage is not the "
                               "one of its F, and the step changes nothing: "
                               "memory or processor are at fault, or a layer "
                               "does not repeat itself; run the step again");
    return SLUICE_OK;
}

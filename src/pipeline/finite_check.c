/* NaN and infinity in losses and gradients.  The stage's device. */
#include "pipeline/finite_check.h"

#include <inttypes.h>
#include <math.h>

#include "base/finite.h"

sluice_status sl_check_loss(const sluice_pipeline *pipe, double loss_sum,
                            sluice_diag *why)
{
    if (!pipe->job.training || isfinite(loss_sum) ||
        pipe->blueprint.finite == SLUICE_FINITE_OFF)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_NOT_FINITE,
                           "the loss of a micro-batch is %s, and the step "
                           "changes nothing; use a smaller learning rate",
                           sl_not_finite_name(loss_sum));
}

sluice_status sl_look_at_boundary(const char *what, const float *values,
                                  int64_t n, sluice_diag *why)
{
    int64_t i = sl_first_not_finite(values, n);
    if (i == n)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_NOT_FINITE,
                           "%s, element %" PRId64 " of the micro-batch, is %s, "
                           "and the step changes nothing; use a smaller "
                           "learning rate",
                           what, i, sl_not_finite_name((double)values[i]));
}

static sluice_status check_param(const struct sl_device *device,
                                 const struct sl_stage *stage,
                                 const struct sl_unit *unit, int p,
                                 sluice_diag *why)
{
    const struct sl_layout *layout = &device->pipe->blueprint.layout;
    const struct sl_tensor *about =
        &sl_layout_tensors(layout, device->at.shard)[unit->first_tensor + p];
    const sluice_param_spec *spec = &unit->plan->params[p];
    const struct sl_chunk piece = sl_unit_piece(stage, unit, p, about->n);
    const float *g = sl_unit_gradient(stage, unit, p, piece);
    int64_t i = sl_first_not_finite(g, piece.n);
    if (i == piece.n)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_NOT_FINITE,
                           "the gradient of parameter %d.%s, element %" PRId64
                           ", is %s, and the step changes nothing; use a "
                           "smaller learning rate",
                           unit->layer, spec->name,
                           sl_shard_element(&about->shard, piece.first + i),
                           sl_not_finite_name((double)g[i]));
}

/* The second use of a tensor in its stage is a term of the sum that lies at the
 * first: if an element of it is not finite, that of the sum is not either. */
sluice_status sl_check_gradients(const struct sl_device *device,
                                 const struct sl_stage *stage, sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    if (device->pipe->blueprint.finite < SLUICE_FINITE_GRADIENTS)
        return SLUICE_OK;
    for (int i = 0; i < stage->n_units && !st; i++)
        for (int p = 0; p < stage->units[i].plan->n_params && !st; p++)
            if (!sl_unit_shares(&stage->units[i], p))
                st = check_param(device, stage, &stage->units[i], p, why);
    return st;
}

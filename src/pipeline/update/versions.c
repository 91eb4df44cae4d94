/* Making, keeping and taking back weight versions.  The device. */
#include "pipeline/update/versions.h"

#include <string.h>

#include "pipeline/update/optimize.h"

/* A stage of the device, with parameters. */
static bool is_mine(const struct sl_device *device, int stage)
{
    return device->stages[stage].device == device->at.place &&
           device->stages[stage].n_params > 0;
}

static size_t params_bytes(const struct sl_stage *stage)
{
    return (size_t)stage->n_params * sizeof(float);
}

static void back_up(const struct sl_stage *stage, int n_states)
{
    memcpy(stage->backup, stage->params, params_bytes(stage));
    for (int i = 0; i < n_states; i++)
        memcpy(stage->backup + (1 + i) * stage->n_params, stage->states[i],
               params_bytes(stage));
}

static void restore(struct sl_stage *stage, int n_states)
{
    stage->params = sl_stage_version(stage, 1);
    memcpy(stage->params, stage->backup, params_bytes(stage));
    for (int i = 0; i < n_states; i++)
        memcpy(stage->states[i], stage->backup + (1 + i) * stage->n_params,
               params_bytes(stage));
    sl_products_forget(stage, stage->params);
}

sluice_status sl_versions_back_up(struct sl_device *device,
                                  const struct sl_op *op, sluice_diag *why)
{
    (void)op;
    (void)why;
    const struct sl_blueprint *bp = &device->pipe->blueprint;
    for (int s = 0; s < bp->grid.n_stages; s++)
        if (is_mine(device, s))
            back_up(&device->stages[s], bp->n_states);
    device->backed_up = true;
    return SLUICE_OK;
}

/* The place of the next version: the version that lies there is not used any
 * more, because the ring has as many places as the verifier found. */
static void advance(struct sl_stage *stage, const struct sl_op *op)
{
    float *next = sl_stage_version(stage, op->version);
    if (stage->n_params > 0 && next != stage->params)
        memcpy(next, stage->params, params_bytes(stage));
    stage->params = next;
    sl_products_forget(stage, next);
}

sluice_status sl_versions_advance(struct sl_device *device,
                                  const struct sl_op *op, sluice_diag *why)
{
    struct sl_stage *stage = &device->stages[op->action.stage];
    sluice_status st = sl_optimize_prepare(device, op, why);
    if (st)
        return st;
    advance(stage, op);
    device->event.action.version = op->version;
    stage->fresh = true;
    return sl_optimize_apply(device, op, why);
}

sluice_status sl_versions_keep(struct sl_device *device, const struct sl_op *op,
                               sluice_diag *why)
{
    const struct sl_blueprint *bp = &device->pipe->blueprint;
    (void)op;
    (void)why;
    for (int s = 0; s < bp->grid.n_stages; s++) {
        struct sl_stage *stage = &device->stages[s];
        if (is_mine(device, s))
            stage->begin =
                (stage->begin + bp->updates.n_updates) % stage->n_versions;
    }
    return SLUICE_OK;
}

void sl_versions_restore(struct sl_device *device)
{
    const struct sl_blueprint *bp = &device->pipe->blueprint;
    for (int s = 0; s < bp->grid.n_stages && device->backed_up; s++)
        if (is_mine(device, s))
            restore(&device->stages[s], bp->n_states);
}

/*
 * Calling the optimizer.  The stage's device.
 *
 * If the optimizer reads a total, an update takes three operations.  MEASURE
 * writes this device's terms into terms[], at the tensor's index in the model;
 * exactly one holder of each tensor does so.  TOTAL adds the arrays of all
 * devices, in which a term meets only zeros, so that every device has the same
 * terms; each adds them in the order of the model.  PREPARE and APPLY read the
 * sum.  The order of addition thus does not depend on the cut.
 */
#include "pipeline/update/optimize.h"

#include <string.h>

#include "blueprint/shards/zero.h"
#include "pipeline/finite_check.h"
#include "pipeline/update/head_update.h"

/* A parameter, as the device holds it. */
static const struct sl_tensor *tensor_of(const struct sl_device *device,
                                         const struct sl_unit *unit, int p)
{
    const struct sl_layout *layout = &device->pipe->blueprint.layout;
    return &sl_layout_tensors(layout, device->at.shard)[unit->first_tensor + p];
}

/* A call about a piece of a parameter, without states and its gradient. */
static sluice_optimizer_call make_call(const struct sl_device *device,
                                       const struct sl_op *op,
                                       const struct sl_unit *unit, int p,
                                       struct sl_chunk piece)
{
    const sluice_pipeline *pipe = device->pipe;
    const struct sl_blueprint *bp = &pipe->blueprint;
    const struct sl_stage *stage = &device->stages[op->action.stage];
    const struct sl_tensor *about = tensor_of(device, unit, p);
    return (sluice_optimizer_call){
        .config = bp->optimizer_config,
        .learning_rate = pipe->learning_rate,
        .step = pipe->n_steps * (uint64_t)bp->updates.n_updates +
                (uint64_t)op->update_no,
        .n = piece.n,
        .w = sl_unit_weights(stage, unit, p, piece),
        .name = about->name,
        .shape = &about->shape,
        .layer = about->layer,
        .param = about->param,
        .tensor = about->first,
    };
}

static void give_states(const struct sl_device *device, const struct sl_op *op,
                        const struct sl_unit *unit, int p,
                        struct sl_chunk piece, sluice_optimizer_call *call)
{
    const struct sl_stage *stage = &device->stages[op->action.stage];
    for (int i = 0; i < device->pipe->blueprint.n_states; i++)
        call->state[i] = sl_unit_state(stage, unit, p, i, piece);
}

/* What of a parameter the device updates. */
static struct sl_chunk piece_of(const struct sl_device *device,
                                const struct sl_stage *stage,
                                const struct sl_unit *unit, int p)
{
    return sl_unit_piece(stage, unit, p, tensor_of(device, unit, p)->n);
}

/* A call about it, once the total is known. */
static sluice_optimizer_call update_call(const struct sl_device *device,
                                         const struct sl_op *op,
                                         const struct sl_unit *unit, int p)
{
    const struct sl_stage *stage = &device->stages[op->action.stage];
    const struct sl_chunk piece = piece_of(device, stage, unit, p);
    sluice_optimizer_call call = make_call(device, op, unit, p, piece);
    call.g = sl_unit_gradient(stage, unit, p, piece);
    give_states(device, op, unit, p, piece, &call);
    call.total = device->total;
    return call;
}

/* A call about all of a parameter.  Of shared states it cannot have all. */
static sluice_optimizer_call measure_call(const struct sl_device *device,
                                          const struct sl_op *op,
                                          const struct sl_unit *unit, int p)
{
    const struct sl_chunk all = {0, tensor_of(device, unit, p)->n};
    sluice_optimizer_call call = make_call(device, op, unit, p, all);
    call.w = device->stages[op->action.stage].params + unit->param_at[p];
    call.g = unit->grads[p];
    if (!device->pipe->blueprint.updates.zero)
        give_states(device, op, unit, p, all, &call);
    return call;
}

bool sl_optimize_has_terms(const struct sl_device *device,
                           const struct sl_op *op)
{
    return device->pipe->update_terms[op->update_no] > 0;
}

/* Statistics are none of the optimizer's parameters; nor is what another device
 * of the team has. */
static bool is_learned(const struct sl_device *device,
                       const struct sl_unit *unit, int p)
{
    return !unit->plan->params[p].statistic &&
           tensor_of(device, unit, p)->n > 0;
}

/* Whether the optimizer is called here: not for the second use of a tensor in
 * its stage, nor for a parameter that other holders update. */
static bool updates(const struct sl_device *device,
                    const struct sl_stage *stage, const struct sl_unit *unit,
                    int p)
{
    return is_learned(device, unit, p) && !sl_unit_shares(unit, p) &&
           piece_of(device, stage, unit, p).n > 0;
}

sluice_status sl_optimize_measure(struct sl_device *device,
                                  const struct sl_op *op, sluice_diag *why)
{
    const struct sl_blueprint *bp = &device->pipe->blueprint;
    const struct sl_stage *stage = &device->stages[op->action.stage];
    (void)why;
    if (!sl_optimize_has_terms(device, op) ||
        sl_holder_of(&bp->grid, device->at, stage->index) != 0)
        return SLUICE_OK;
    sl_place_runs(&device->place, SL_OPTIMIZER_RUNS);
    for (int i = 0; i < stage->n_units; i++) {
        const struct sl_unit *unit = &stage->units[i];
        for (int p = 0; p < unit->plan->n_params; p++) {
            if (!is_learned(device, unit, p))
                continue;
            sluice_optimizer_call call = measure_call(device, op, unit, p);
            if (call.tensor != unit->first_tensor + p)
                continue; /* tied: the first use counts */
            device->terms[call.tensor] = bp->optimizer->measure(&call);
        }
    }
    return SLUICE_OK;
}

/* The terms are set to zero again for the next step: this device writes only
 * its own, and adding up needs zeros in place of the others. */
sluice_status sl_optimize_total(struct sl_device *device,
                                const struct sl_op *op, sluice_diag *why)
{
    int n = sl_n_terms(&device->pipe->blueprint);
    (void)op;
    (void)why;
    sluice_status st =
        sl_collective_add_up(device->pipe->everyone, device->index,
                             &device->virtual_ns, device->terms);
    if (st)
        return st;
    device->total = 0;
    for (int i = 0; i < n; i++) {
        device->total += device->terms[i];
        device->terms[i] = 0;
    }
    return SLUICE_OK;
}

/* Keep the optimizer's own sentence; give it one if it has none. */
static sluice_status blame(const struct sl_device *device, int stage,
                           sluice_status st, sluice_diag *why)
{
    if (st && !why->text[0])
        sluice_diag_set(why, st, "optimizer of stage %d (%s) returned %s",
                        stage, device->pipe->blueprint.optimizer->name,
                        sluice_status_name(st));
    return st;
}

static sluice_status prepare_unit(struct sl_device *device,
                                  const struct sl_op *op,
                                  const struct sl_unit *unit, sluice_diag *why)
{
    const struct sl_stage *stage = &device->stages[op->action.stage];
    sluice_status st = SLUICE_OK;
    for (int p = 0; p < unit->plan->n_params && !st; p++) {
        if (!updates(device, stage, unit, p))
            continue;
        sluice_optimizer_call call = update_call(device, op, unit, p);
        call.why = why;
        st = device->pipe->blueprint.optimizer->prepare(&call);
    }
    return blame(device, op->action.stage, st, why);
}

sluice_status sl_optimize_prepare(struct sl_device *device,
                                  const struct sl_op *op, sluice_diag *why)
{
    const sluice_pipeline *pipe = device->pipe;
    const struct sl_stage *stage = &device->stages[op->action.stage];
    if (!sl_optimize_has_terms(device, op))
        return SLUICE_OK;
    sluice_status st = sl_check_gradients(device, stage, why);
    if (!st)
        st = sl_cut_head_prepare(device, op, why);
    if (!pipe->blueprint.optimizer->prepare)
        return st;
    sl_place_runs(&device->place, SL_OPTIMIZER_RUNS);
    for (int i = 0; i < stage->n_units && !st; i++)
        st = prepare_unit(device, op, &stage->units[i], why);
    return st;
}

/* What the device keeps of them: a piece of those that it has whole, which is
 * all that the others need. */
static void keep_statistics(const struct sl_device *device,
                            const struct sl_stage *stage,
                            const struct sl_unit *unit, float *const *params)
{
    for (int p = 0; p < unit->plan->n_params; p++) {
        if (!unit->plan->params[p].statistic)
            continue;
        const struct sl_chunk piece = piece_of(device, stage, unit, p);
        memcpy(sl_unit_weights(stage, unit, p, piece), params[p] + piece.first,
               (size_t)piece.n * sizeof **params);
    }
}

/* Of the newest version of the parameters.  Where they were brought they are
 * still those that the step began with, in a room of the device's only stage.
 */
static void update_statistics(const struct sl_device *device,
                              const struct sl_stage *stage,
                              const struct sl_unit *unit)
{
    if (!unit->ops->update_statistics || stage->n_params == 0)
        return;
    int64_t version = (stage->params - stage->versions) / stage->n_params;
    const sluice_statistics_call call = {
        .config = unit->config,
        .plan = unit->plan,
        .params = unit->params + version * unit->plan->n_params,
        .sums = (const float *const *)unit->grads,
    };
    unit->ops->update_statistics(&call);
    if (stage->own_params)
        keep_statistics(device, stage, unit, call.params);
}

struct sl_chunk sl_optimize_piece(const struct sl_device *device,
                                  const struct sl_stage *stage,
                                  const struct sl_unit *unit, int p,
                                  bool *learned)
{
    *learned = is_learned(device, unit, p);
    if (sl_unit_shares(unit, p))
        return (struct sl_chunk){0};
    return *learned ? piece_of(device, stage, unit, p)
                    : (struct sl_chunk){0, tensor_of(device, unit, p)->n};
}

/* Parameters that lie in common the first holder writes for all. */
static bool writes_statistics(const struct sl_device *device,
                              const struct sl_stage *stage)
{
    const struct sl_blueprint *bp = &device->pipe->blueprint;
    return bp->updates.zero < SL_ZERO_PARAMETERS || bp->updates.brings ||
           sl_holder_of(&bp->grid, device->at, stage->index) == 0;
}

void sl_optimize_unit(struct sl_device *device, const struct sl_op *op,
                      const struct sl_unit *unit)
{
    const struct sl_stage *stage = &device->stages[op->action.stage];
    for (int p = 0; p < unit->plan->n_params; p++) {
        if (!updates(device, stage, unit, p))
            continue;
        sluice_optimizer_call call = update_call(device, op, unit, p);
        device->pipe->blueprint.optimizer->apply(&call);
    }
    if (unit->owner == device->at.shard && writes_statistics(device, stage))
        update_statistics(device, stage, unit);
}

sluice_status sl_optimize_apply(struct sl_device *device,
                                const struct sl_op *op, sluice_diag *why)
{
    struct sl_stage *stage = &device->stages[op->action.stage];
    (void)why;
    if (!sl_optimize_has_terms(device, op))
        return SLUICE_OK;
    sl_place_runs(&device->place, SL_OPTIMIZER_RUNS);
    for (int i = stage->n_updated; i < stage->n_units; i++)
        sl_optimize_unit(device, op, &stage->units[i]);
    sl_cut_head_apply(device, op);
    sl_products_forget_newest(stage);
    return SLUICE_OK;
}

/* Updating a part of a cut vocabulary. */
#include "pipeline/update/head_update.h"

#include <inttypes.h>

#include "base/finite.h"
#include "nn/model/init.h"
#include "pipeline/across/head_parts.h"

static sluice_optimizer_call make_call(const struct sl_device *device,
                                       const struct sl_op *op,
                                       struct sl_head_part *part)
{
    const sluice_pipeline *pipe = device->pipe;
    const struct sl_blueprint *bp = &pipe->blueprint;
    const struct sl_tensor *about = &bp->vocabulary.tensor;
    sluice_optimizer_call call = {
        .config = bp->optimizer_config,
        .learning_rate = pipe->learning_rate,
        .step = pipe->n_steps * (uint64_t)bp->updates.n_updates +
                (uint64_t)op->update_no,
        .n = part->shard.run,
        .w = part->w,
        .g = part->g,
        .name = about->name,
        .shape = &part->plan.params[0].shape,
        .layer = about->layer,
        .param = about->param,
        .tensor = about->first,
        .total = device->total,
    };
    for (int i = 0; i < bp->n_states; i++)
        call.state[i] = part->states[i];
    return call;
}

void sl_cut_head_measure(struct sl_device *device, const struct sl_op *op)
{
    struct sl_head_part *part = sl_head_part_of(device, op->action.stage);
    if (!part)
        return;
    sluice_optimizer_call call = make_call(device, op, part);
    device->terms[call.tensor] =
        device->pipe->blueprint.optimizer->measure(&call);
}

static sluice_status check_gradient(const sluice_pipeline *pipe,
                                    const struct sl_head_part *part,
                                    sluice_diag *why)
{
    int64_t n = part->shard.run;
    if (pipe->blueprint.finite < SLUICE_FINITE_GRADIENTS)
        return SLUICE_OK;
    int64_t i = sl_first_not_finite(part->g, n);
    if (i == n)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_NOT_FINITE,
                           "the gradient of parameter %s, element %" PRId64
                           ", is %s, and the step changes nothing; use a "
                           "smaller learning rate",
                           pipe->blueprint.vocabulary.tensor.name,
                           sl_shard_element(&part->shard, i),
                           sl_not_finite_name((double)part->g[i]));
}

sluice_status sl_cut_head_prepare(struct sl_device *device,
                                  const struct sl_op *op, sluice_diag *why)
{
    const sluice_optimizer_ops *optimizer = device->pipe->blueprint.optimizer;
    struct sl_head_part *part = sl_head_part_of(device, op->action.stage);
    if (!part)
        return SLUICE_OK;
    sluice_status st = check_gradient(device->pipe, part, why);
    if (st || !optimizer->prepare)
        return st;
    sluice_optimizer_call call = make_call(device, op, part);
    call.why = why;
    st = optimizer->prepare(&call);
    if (st && !why->text[0])
        sluice_diag_set(why, st, "optimizer of %s (%s) returned %s", call.name,
                        optimizer->name, sluice_status_name(st));
    return st;
}

static void forget(struct sl_head_part *part)
{
    for (int k = 0; k < part->plan.n_products; k++)
        sl_product_forget(&part->products[k], NULL);
}

void sl_cut_head_apply(struct sl_device *device, const struct sl_op *op)
{
    struct sl_head_part *part = sl_head_part_of(device, op->action.stage);
    if (!part)
        return;
    sluice_optimizer_call call = make_call(device, op, part);
    device->pipe->blueprint.optimizer->apply(&call);
    forget(part);
}

static float *array_of(const struct sl_head_part *part, int state)
{
    if (state == -2)
        return part->g;
    return state < 0 ? part->w : part->states[state];
}

void sl_cut_head_get(const sluice_pipeline *pipe, int state, float *values)
{
    const struct sl_cut_head *v = &pipe->blueprint.vocabulary;
    for (int i = 0; i < v->n_parts; i++)
        sl_shard_gather(&v->parts[i].shard, array_of(&v->parts[i], state),
                        values);
}

void sl_cut_head_put(sluice_pipeline *pipe, int state, const float *values)
{
    struct sl_cut_head *v = &pipe->blueprint.vocabulary;
    for (int i = 0; i < v->n_parts; i++) {
        sl_shard_scatter(&v->parts[i].shard, values,
                         array_of(&v->parts[i], state));
        forget(&v->parts[i]);
    }
}

sluice_status sl_cut_head_start(sluice_pipeline *pipe, sluice_diag *why)
{
    const struct sl_cut_head *v = &pipe->blueprint.vocabulary;
    size_t n = (size_t)v->tensor.n;
    if (!sl_cuts_vocabulary(pipe))
        return SLUICE_OK;
    float *whole = sl_alloc(pipe->allocator, n, sizeof *whole);
    if (!whole)
        return sl_no_memory(why, "the initial values of the vocabulary");
    const sluice_layer_plan *plan =
        sluice_model_layer_plan(pipe->blueprint.model, v->layer);
    sl_param_init(&plan->params[0], pipe->blueprint.seed, v->layer, 0, whole);
    sl_cut_head_put(pipe, -1, whole);
    sl_free(pipe->allocator, whole, n, sizeof *whole);
    return SLUICE_OK;
}

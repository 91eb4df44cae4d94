/* The arithmetic of one action.  The stage's device. */
#include "pipeline/compute.h"

#include "pipeline/abroad/abroad.h"
#include "pipeline/across/skip.h"
#include "pipeline/across/head_parts.h"
#include "pipeline/finite_check.h"
#include "pipeline/layer_calls.h"
#include "pipeline/recompute_check.h"

static sluice_loss_call loss_call(const struct sl_work *w, const float *y)
{
    const sluice_loss_plan *plan = &w->pipe->blueprint.loss_plan;
    return (sluice_loss_call){
        .plan = plan,
        .rows = w->rows.n,
        .y = y,
        .targets =
            w->pipe->job.targets + w->rows.first * plan->target_row_bytes,
        .why = w->why,
    };
}

/* Keep a failing part's own sentence; give it one if it has none. */
static sluice_status blame(sluice_status st, sluice_diag *why, const char *part,
                           const char *name, int layer)
{
    if (st && !why->text[0])
        sluice_diag_set(why, st, "%s %d (%s) returned %s", part, layer, name,
                        sluice_status_name(st));
    return st;
}

static sluice_status check_skip(const struct sl_work *w, int i,
                                const sluice_layer_call *call)
{
    if (!w->stage->units[i].edge)
        return SLUICE_OK;
    return sl_skip_check(w->device, w->op, i, call->skip, w->rows.n, w->why);
}

/* Publish which unit runs now, or the loss, for the watchdog; and take messages
 * of other processes. */
static void note_unit(const struct sl_work *w, int i)
{
    sl_abroad_look_between(w->device);
    sl_place_runs(&w->device->place, SL_LAYER_RUNS + i);
}

static void note_loss(const struct sl_work *w)
{
    sl_place_runs(&w->device->place, SL_LOSS_RUNS);
}

/* The last stage's F ends here; an empty micro-batch brings nothing. */
static sluice_status take_loss(const struct sl_work *w, const float *y)
{
    struct sl_outcome *outcome = &w->outcomes[w->op->action.microbatch];
    if (!w->stage->is_last || w->op->action.kind != SLUICE_F ||
        !sl_leads(w->device))
        return SLUICE_OK;
    *outcome = (struct sl_outcome){0};
    if (sl_cuts_vocabulary(w->pipe)) {
        sl_cut_head_keep_output(w->device, w->op, y, w->rows.n);
        return SLUICE_OK;
    }
    if (!w->pipe->job.targets || w->rows.n == 0)
        return SLUICE_OK;
    sluice_loss_call call = loss_call(w, y);
    note_loss(w);
    sluice_status st = w->pipe->blueprint.loss->forward(
        &call, &outcome->loss_sum, &outcome->correct);
    if (!st)
        st = sl_check_loss(w->pipe, outcome->loss_sum, w->why);
    return blame(st, w->why, "loss of stage", w->pipe->blueprint.loss->name,
                 w->stage->index);
}

/* What F hands on to the next stage. */
static sluice_status check_output(const struct sl_work *w, const float *y)
{
    if (w->stage->is_last || w->op->action.kind != SLUICE_F ||
        !sl_leads(w->device))
        return SLUICE_OK;
    return sl_check_boundary(w->pipe, "the output of the stage", y,
                             w->rows.n * w->stage->out, w->why);
}

sluice_status sl_compute_forward(struct sl_device *device,
                                 const struct sl_op *op, sluice_diag *why)
{
    struct sl_work w;
    sl_work_begin(&w, device, op, why);
    const void *x = sl_work_input(&w);
    for (int i = 0; i < w.stage->n_units && w.rows.n > 0; i++) {
        const struct sl_unit *unit = &w.stage->units[i];
        sluice_layer_call call;
        sl_work_call(&w, i, &call);
        call.x = x;
        call.y = sl_work_forward_y(&w, i);
        if (unit->edge)
            call.skip = sl_skip_tensor(device, op, i, false);
        note_unit(&w, i);
        sluice_status st = blame(sl_team_forward(unit->ops, &call), why,
                                 "layer", unit->ops->name, unit->layer);
        if (!st)
            st = check_skip(&w, i, &call);
        if (st)
            return st;
        x = call.y;
    }
    sluice_status st = check_output(&w, x);
    if (!st && sl_leads(device))
        st = sl_check_recompute(device, op, x, w.rows.n * w.stage->out, why);
    return st ? st : take_loss(&w, x);
}

/* The rows that this device of a team takes, from the first. */
static struct sl_rows own_rows(const struct sl_work *w)
{
    if (!w->device->team)
        return (struct sl_rows){.n = w->rows.n};
    return sl_split_rows(w->rows.n, w->pipe->blueprint.grid.n_shards,
                         w->device->at.shard);
}

/* The gradient by the network's output of the mean loss over the terms that go
 * into the same update: of the mini-batch, if that is the only one.  Without
 * any it is zero. */
static sluice_status start_backward(const struct sl_work *w)
{
    if (!w->stage->is_last)
        return SLUICE_OK;
    int last = w->stage->n_units - 1;
    const struct sl_blueprint *bp = &w->pipe->blueprint;
    float scale = sl_loss_scale(w->pipe, w->op->action.microbatch);
    struct sl_rows own = own_rows(w);
    if (sl_cuts_vocabulary(w->pipe)) {
        sl_cut_head_start_backward(w->device, w->op, own, scale,
                                   sl_work_dy(w, last));
        return sl_team_wait(w->device);
    }
    int64_t first = own.first * w->stage->out;
    sluice_loss_call call = loss_call(w, sl_work_stashed_y(w, last) + first);
    call.rows = own.n;
    call.targets =
        (const char *)call.targets + own.first * bp->loss_plan.target_row_bytes;
    note_loss(w);
    sluice_status st = SLUICE_OK;
    if (own.n > 0)
        st = bp->loss->backward(&call, scale, sl_work_dy(w, last) + first);
    st = blame(st, w->why, "loss of stage", bp->loss->name, w->stage->index);
    return st ? st : sl_team_wait(w->device);
}

static sluice_status input_gradient(struct sl_work *w, int i)
{
    const struct sl_unit *unit = &w->stage->units[i];
    sluice_layer_call call;
    sl_work_backward_call(w, i, &call);
    if (unit->edge)
        call.skip = sl_skip_tensor(w->device, w->op, i, true);
    note_unit(w, i);
    sluice_status st = blame(sl_team_backward_input(unit->ops, &call), w->why,
                             "layer", unit->ops->name, unit->layer);
    if (!st)
        st = check_skip(w, i, &call);
    if (st || i > 0 || w->stage->is_first || !sl_leads(w->device))
        return st;
    return sl_check_boundary(w->pipe, "the gradient of the stage's input",
                             call.dx, w->rows.n * w->stage->in, w->why);
}

static sluice_status weight_gradient(struct sl_work *w, int i, bool accumulate)
{
    const struct sl_unit *unit = &w->stage->units[i];
    if (!unit->ops->backward_weight)
        return SLUICE_OK;
    sluice_layer_call call;
    sl_work_backward_call(w, i, &call);
    call.y = NULL; /* after an I its slot may have been filled anew */
    call.dx = NULL;
    call.accumulate = accumulate;
    note_unit(w, i);
    return blame(sl_team_backward_weight(unit->ops, &call), w->why, "layer",
                 unit->ops->name, unit->layer);
}

sluice_status sl_compute_backward(struct sl_device *device,
                                  const struct sl_op *op, sluice_diag *why)
{
    struct sl_work w;
    sl_work_begin(&w, device, op, why);
    if (w.rows.n == 0)
        return SLUICE_OK;
    sluice_status st = start_backward(&w);
    for (int i = w.stage->n_units - 1; i >= 0 && !st; i--) {
        st = input_gradient(&w, i);
        if (!st)
            st = weight_gradient(&w, i, !w.stage->fresh);
    }
    w.stage->fresh = false;
    return st;
}

sluice_status sl_compute_input(struct sl_device *device, const struct sl_op *op,
                               sluice_diag *why)
{
    struct sl_work w;
    sl_work_begin(&w, device, op, why);
    if (w.rows.n == 0)
        return SLUICE_OK;
    sluice_status st = start_backward(&w);
    for (int i = w.stage->n_units - 1; i >= 0 && !st; i--)
        st = input_gradient(&w, i);
    return st;
}

/*
 * How many of the `n` actions from `op` on the unit takes in one call: their
 * rows follow each other as long as every slot is full.
 */
static int joined(const struct sl_device *device, const struct sl_op *op, int n,
                  const struct sl_unit *unit)
{
    int64_t max_rows = device->pipe->blueprint.layout.max_rows;
    int full = 0;
    if (!unit->plan->joins_rows)
        return 1;
    while (full < n && sl_rows_of(device, &op[full]).n == max_rows)
        full++;
    return full > 0 ? full : 1;
}

/* Unit i over all actions that this one takes on, in order. */
static sluice_status weight_gradients(struct sl_device *device,
                                      const struct sl_op *op, int i,
                                      sluice_diag *why)
{
    bool accumulate = !device->stages[op->action.stage].fresh;
    sluice_status st = SLUICE_OK;
    for (int k = 0, n = 0; k < op->n_joined && !st; k += n) {
        struct sl_work w;
        sl_work_begin(&w, device, &op[k], why);
        n = joined(device, &op[k], op->n_joined - k, &w.stage->units[i]);
        w.rows.n *= n;
        if (w.rows.n == 0)
            continue;
        st = weight_gradient(&w, i, accumulate);
        accumulate = true;
    }
    return st;
}

sluice_status sl_compute_weight(struct sl_device *device,
                                const struct sl_op *op, sluice_diag *why)
{
    struct sl_stage *stage = &device->stages[op->action.stage];
    if (op->n_joined == 0 || sl_rows_of(device, op).n == 0)
        return SLUICE_OK;
    sluice_status st = SLUICE_OK;
    for (int i = stage->n_units - 1; i >= 0 && !st; i--)
        st = weight_gradients(device, op, i, why);
    stage->fresh = false;
    return st;
}

/* The arithmetic of one action.  The stage's device. */
#include "pipeline/compute.h"

#include "pipeline/across/skip.h"
#include "pipeline/across/head_parts.h"
#include "pipeline/across/row_parts.h"
#include "pipeline/finite_check.h"
#include "pipeline/recompute_check.h"
#include "pipeline/team/teamwork.h"
#include "pipeline/uneven/microbatch.h"

/* An action with everything its layers need at hand. */
struct pass {
    sluice_pipeline *pipe;
    struct sl_device *device;
    struct sl_stage *stage;
    const struct sl_ends *ends; /* of the stage */
    const struct sl_workspace *ws;
    const struct sl_op *op;
    struct sl_rows rows;
    struct sl_outcome *outcomes; /* the replica's */
    bool stashes; /* F keeps what the backward needs, and so does R */
    bool splits;  /* I or W: the gradients between layers are kept */
    struct sluice_team team; /* as the layer under way is told of it */
    sluice_row_parts parts;  /* the same, of the table of an embedding */
    sluice_diag *why;
};

static struct pass make_pass(struct sl_device *device, const struct sl_op *op,
                             sluice_diag *why)
{
    sluice_pipeline *pipe = device->pipe;
    struct sl_stage *stage = &device->stages[op->action.stage];
    return (struct pass){
        .pipe = pipe,
        .device = device,
        .stage = stage,
        .ends = &device->ends[op->action.stage],
        .ws = device->workspace,
        .outcomes = device->outcomes,
        .op = op,
        .rows = sl_rows_of(device, op),
        .parts = sl_row_parts_of(device, op),
        .stashes = op->stash_no != SL_NONE,
        .splits = op->action.kind == SLUICE_I || op->action.kind == SLUICE_W,
        .why = why,
    };
}

/* The rows of the mini-batch are of the type of the model's input. */
static const void *stage_input(const struct pass *p)
{
    if (p->stage->is_first)
        return p->pipe->job.x +
               p->rows.first * p->pipe->blueprint.input_row_bytes;
    return sl_link_slot(p->ends->x, p->op->forward_no);
}

static float *stashed_y(const struct pass *p, int i)
{
    return sl_ring_slot(&p->stage->units[i].y, p->op->stash_no);
}

/* Where the forward of unit i writes. */
static float *forward_y(const struct pass *p, int i)
{
    const struct sl_stage *stage = p->stage;
    if (i + 1 == stage->n_units) {
        if (stage->is_last && p->pipe->job.y && !sl_cuts_vocabulary(p->pipe))
            return p->pipe->job.y + p->rows.first * stage->out;
        if (!stage->is_last && p->op->action.kind == SLUICE_F)
            return sl_link_acquire(p->ends->y, p->op->forward_no);
    }
    if (p->stashes && stage->units[i].y.n_slots > 0)
        return stashed_y(p, i);
    return p->ws->pair[i & 1];
}

/* Where the backward of unit i finds its y.  That of the last unit was handed
 * over, and is read there: the layout counts on a rereadable link. */
static float *backward_y(const struct pass *p, int i)
{
    bool handed_over =
        i + 1 == p->stage->n_units && !p->stage->is_last && !p->op->recomputed;
    return handed_over ? sl_link_slot(p->ends->y, p->op->forward_no)
                       : stashed_y(p, i);
}

/* The gradient by y of unit i: from the next stage, or from unit i + 1. */
static float *dy_of(const struct pass *p, int i)
{
    if (i + 1 == p->stage->n_units && !p->stage->is_last)
        return sl_link_slot(p->ends->dy, p->op->backward_no);
    if (p->splits)
        return sl_ring_slot(&p->stage->units[i].dy, p->op->backward_no);
    return p->ws->pair[i & 1];
}

/* The gradient by x of unit i; NULL before the model's first layer. */
static float *dx_of(const struct pass *p, int i)
{
    if (i > 0)
        return dy_of(p, i - 1);
    if (p->stage->is_first)
        return NULL;
    return sl_link_acquire(p->ends->dx, p->op->backward_no);
}

static void set_params(sluice_layer_call *call, const struct pass *p,
                       const struct sl_unit *unit)
{
    int first = sl_stage_place(p->stage, p->op->version) * unit->plan->n_params;
    call->params = (const float *const *)unit->params + first;
    call->grads = unit->grads;
    if (call->team)
        call->shards = unit->shards + first * call->team->n_shards;
}

/* Inlined, as all calls are filled in place: a large struct that is returned is
 * copied, and its copy waits for stores that were made just before. */
static inline __attribute__((always_inline)) void
make_call(struct pass *p, int i, sluice_layer_call *call)
{
    const struct sl_unit *unit = &p->stage->units[i];
    *call = (sluice_layer_call){
        .config = unit->config,
        .plan = unit->plan,
        .layer = unit->layer,
        .rows = p->rows.n,
        .first_row = p->rows.first,
        .seed = p->pipe->blueprint.seed,
        .step = p->pipe->n_steps,
        .training = p->pipe->job.training,
        .recompute = p->op->action.kind == SLUICE_R,
        .saved = p->stashes ? sl_ring_slot(&unit->saved, p->op->stash_no)
                            : p->ws->saved,
        .workspace = p->ws->layer,
        .scratch = p->ws->scratch,
        .products = unit->products,
        .team = p->device->team ? &p->team : NULL,
        .parts = p->parts.n > 0 ? &p->parts : NULL,
        .off_core_ns = &p->device->off_core_ns,
        .why = p->why,
    };
    if (call->team)
        p->team = sl_team_told(p->device, unit->owner);
    set_params(call, p, unit);
}

static inline __attribute__((always_inline)) void
backward_call(struct pass *p, int i, sluice_layer_call *call)
{
    make_call(p, i, call);
    const sluice_layer_plan *plan = p->stage->units[i].plan;
    if (plan->needs_x)
        call->x = i > 0 ? stashed_y(p, i - 1) : stage_input(p);
    if (plan->needs_y)
        call->y = backward_y(p, i);
    call->dy = dy_of(p, i);
    call->dx = dx_of(p, i);
}

static sluice_loss_call loss_call(const struct pass *p, const float *y)
{
    const sluice_loss_plan *plan = &p->pipe->blueprint.loss_plan;
    return (sluice_loss_call){
        .plan = plan,
        .rows = p->rows.n,
        .y = y,
        .targets =
            p->pipe->job.targets + p->rows.first * plan->target_row_bytes,
        .why = p->why,
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

/* For those who look on: unit i runs now, or the loss. */
static void note_unit(const struct pass *p, int i)
{
    sl_place_runs(&p->device->place, SL_LAYER_RUNS + i);
}

static void note_loss(const struct pass *p)
{
    sl_place_runs(&p->device->place, SL_LOSS_RUNS);
}

/* The last stage's F ends here; an empty micro-batch brings nothing. */
static sluice_status take_loss(const struct pass *p, const float *y)
{
    struct sl_outcome *outcome = &p->outcomes[p->op->action.microbatch];
    if (!p->stage->is_last || p->op->action.kind != SLUICE_F ||
        !sl_leads(p->device))
        return SLUICE_OK;
    *outcome = (struct sl_outcome){0};
    if (sl_cuts_vocabulary(p->pipe)) {
        sl_cut_head_keep_output(p->device, p->op, y, p->rows.n);
        return SLUICE_OK;
    }
    if (!p->pipe->job.targets || p->rows.n == 0)
        return SLUICE_OK;
    sluice_loss_call call = loss_call(p, y);
    note_loss(p);
    sluice_status st = p->pipe->blueprint.loss->forward(
        &call, &outcome->loss_sum, &outcome->correct);
    if (!st)
        st = sl_check_loss(p->pipe, outcome->loss_sum, p->why);
    return blame(st, p->why, "loss of stage", p->pipe->blueprint.loss->name,
                 p->stage->index);
}

/* What F hands on to the next stage. */
static sluice_status check_output(const struct pass *p, const float *y)
{
    if (p->stage->is_last || p->op->action.kind != SLUICE_F ||
        !sl_leads(p->device))
        return SLUICE_OK;
    return sl_check_boundary(p->pipe, "the output of the stage", y,
                             p->rows.n * p->stage->out, p->why);
}

sluice_status sl_compute_forward(struct sl_device *device,
                                 const struct sl_op *op, sluice_diag *why)
{
    struct pass p = make_pass(device, op, why);
    const void *x = stage_input(&p);
    for (int i = 0; i < p.stage->n_units && p.rows.n > 0; i++) {
        const struct sl_unit *unit = &p.stage->units[i];
        sluice_layer_call call;
        make_call(&p, i, &call);
        call.x = x;
        call.y = forward_y(&p, i);
        call.skip = sl_skip_tensor(device, op, i, false);
        note_unit(&p, i);
        sluice_status st = blame(sl_team_forward(unit->ops, &call), why,
                                 "layer", unit->ops->name, unit->layer);
        if (!st)
            st = sl_skip_check(device, op, i, call.skip, p.rows.n, why);
        if (st)
            return st;
        x = call.y;
    }
    sluice_status st = check_output(&p, x);
    if (!st && sl_leads(device))
        st = sl_check_recompute(device, op, x, p.rows.n * p.stage->out, why);
    return st ? st : take_loss(&p, x);
}

/* The rows that this device of a team takes, from the first. */
static struct sl_rows own_rows(const struct pass *p)
{
    return sl_split_rows(p->rows.n, p->pipe->blueprint.grid.n_shards,
                         p->device->at.shard);
}

/* The gradient by the network's output of the mean loss over the terms that go
 * into the same update: of the mini-batch, if that is the only one.  Without
 * any it is zero. */
static sluice_status start_backward(const struct pass *p)
{
    if (!p->stage->is_last)
        return SLUICE_OK;
    int last = p->stage->n_units - 1;
    const struct sl_blueprint *bp = &p->pipe->blueprint;
    float scale = sl_loss_scale(p->pipe, p->op->action.microbatch);
    if (sl_cuts_vocabulary(p->pipe)) {
        sl_cut_head_start_backward(p->device, p->op, p->rows.n, scale,
                                   dy_of(p, last));
        return SLUICE_OK;
    }
    struct sl_rows own = own_rows(p);
    int64_t first = own.first * p->stage->out;
    sluice_loss_call call = loss_call(p, stashed_y(p, last) + first);
    call.rows = own.n;
    call.targets =
        (const char *)call.targets + own.first * bp->loss_plan.target_row_bytes;
    note_loss(p);
    sluice_status st = SLUICE_OK;
    if (own.n > 0)
        st = bp->loss->backward(&call, scale, dy_of(p, last) + first);
    st = blame(st, p->why, "loss of stage", bp->loss->name, p->stage->index);
    return st ? st : sl_team_wait(p->device);
}

static sluice_status input_gradient(struct pass *p, int i)
{
    const struct sl_unit *unit = &p->stage->units[i];
    sluice_layer_call call;
    backward_call(p, i, &call);
    call.skip = sl_skip_tensor(p->device, p->op, i, true);
    note_unit(p, i);
    sluice_status st = blame(sl_team_backward_input(unit->ops, &call), p->why,
                             "layer", unit->ops->name, unit->layer);
    if (!st)
        st = sl_skip_check(p->device, p->op, i, call.skip, p->rows.n, p->why);
    if (st || i > 0 || p->stage->is_first || !sl_leads(p->device))
        return st;
    return sl_check_boundary(p->pipe, "the gradient of the stage's input",
                             call.dx, p->rows.n * p->stage->in, p->why);
}

static sluice_status weight_gradient(struct pass *p, int i, bool accumulate)
{
    const struct sl_unit *unit = &p->stage->units[i];
    if (!unit->ops->backward_weight)
        return SLUICE_OK;
    sluice_layer_call call;
    backward_call(p, i, &call);
    call.y = NULL; /* after an I its slot may have been filled anew */
    call.dx = NULL;
    call.accumulate = accumulate;
    note_unit(p, i);
    return blame(sl_team_backward_weight(unit->ops, &call), p->why, "layer",
                 unit->ops->name, unit->layer);
}

sluice_status sl_compute_backward(struct sl_device *device,
                                  const struct sl_op *op, sluice_diag *why)
{
    struct pass p = make_pass(device, op, why);
    if (p.rows.n == 0)
        return SLUICE_OK;
    sluice_status st = start_backward(&p);
    for (int i = p.stage->n_units - 1; i >= 0 && !st; i--) {
        st = input_gradient(&p, i);
        if (!st)
            st = weight_gradient(&p, i, !p.stage->fresh);
    }
    p.stage->fresh = false;
    return st;
}

sluice_status sl_compute_input(struct sl_device *device, const struct sl_op *op,
                               sluice_diag *why)
{
    struct pass p = make_pass(device, op, why);
    if (p.rows.n == 0)
        return SLUICE_OK;
    sluice_status st = start_backward(&p);
    for (int i = p.stage->n_units - 1; i >= 0 && !st; i--)
        st = input_gradient(&p, i);
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
        struct pass p = make_pass(device, &op[k], why);
        n = joined(device, &op[k], op->n_joined - k, &p.stage->units[i]);
        p.rows.n *= n;
        if (p.rows.n == 0)
            continue;
        st = weight_gradient(&p, i, accumulate);
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

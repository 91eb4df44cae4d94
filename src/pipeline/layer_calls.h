/*
 * An action with everything its layers need at hand: where their tensors lie,
 * and the calls that say so.
 *
 * All of it is inlined into the arithmetic of an action (compute.c), as each
 * micro-batch of each layer goes through it.
 *
 * Threads: the stage's device.
 */
#ifndef SL_PIPELINE_LAYER_CALLS_H
#define SL_PIPELINE_LAYER_CALLS_H

#include "nn/team/team.h"
#include "pipeline/across/row_parts.h"
#include "pipeline/pipeline.h"
#include "pipeline/team/teamwork.h"
#include "pipeline/uneven/microbatch.h"

/* An action with everything its layers need at hand. */
struct sl_work {
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
    sluice_diag *why;
    struct sluice_team team; /* as the layer under way is told of it; not set
                                without one */
    bool has_parts;
    sluice_row_parts parts; /* the same, of the table of an embedding; not set
                               unless `has_parts` */
};

/* Begin an action.  Each member is set on its own: what has no use is not
 * cleared. */
static inline void sl_work_begin(struct sl_work *w, struct sl_device *device,
                                 const struct sl_op *op, sluice_diag *why)
{
    w->pipe = device->pipe;
    w->device = device;
    w->stage = &device->stages[op->action.stage];
    w->ends = &device->ends[op->action.stage];
    w->ws = device->workspace;
    w->outcomes = device->outcomes;
    w->op = op;
    w->rows = sl_rows_of(device, op);
    w->stashes = op->stash_no != SL_NONE;
    w->splits = op->kind == SL_OP_I || op->kind == SL_OP_W;
    w->why = why;
    w->has_parts = sl_row_parts_concern(device, op);
    if (w->has_parts)
        w->parts = sl_row_parts_of(device, op);
}

/* The x of unit 0.  The rows of the mini-batch are of the type of the model's
 * input. */
static inline const void *sl_work_input(const struct sl_work *w)
{
    if (w->stage->is_first)
        return w->pipe->job.x +
               w->rows.first * w->pipe->blueprint.input_row_bytes;
    return sl_link_slot(w->ends->x, w->op->forward_no);
}

/* Where the forward has kept the y of unit i. */
static inline float *sl_work_stashed_y(const struct sl_work *w, int i)
{
    return sl_ring_slot(&w->stage->units[i].y, w->op->stash_no);
}

/* Where the forward of unit i writes. */
static inline float *sl_work_forward_y(const struct sl_work *w, int i)
{
    const struct sl_stage *stage = w->stage;
    if (i + 1 == stage->n_units) {
        if (stage->is_last && w->pipe->job.y && !sl_cuts_vocabulary(w->pipe))
            return w->pipe->job.y + w->rows.first * stage->out;
        if (!stage->is_last && w->op->action.kind == SLUICE_F)
            return sl_team_room(w->device, w->ends->y, w->op->forward_no);
    }
    if (w->stashes && stage->units[i].y.n_slots > 0)
        return sl_work_stashed_y(w, i);
    return w->ws->pair[i & 1];
}

/* Where the backward of unit i finds its y.  That of the last unit was handed
 * over, and is read there: the layout counts on a rereadable link. */
static inline float *sl_work_backward_y(const struct sl_work *w, int i)
{
    bool handed_over =
        i + 1 == w->stage->n_units && !w->stage->is_last && !w->op->recomputed;
    return handed_over ? sl_link_slot(w->ends->y, w->op->forward_no)
                       : sl_work_stashed_y(w, i);
}

/* The gradient by y of unit i: from the next stage, or from unit i + 1. */
static inline float *sl_work_dy(const struct sl_work *w, int i)
{
    if (i + 1 == w->stage->n_units && !w->stage->is_last)
        return sl_link_slot(w->ends->dy, w->op->backward_no);
    if (w->splits)
        return sl_ring_slot(&w->stage->units[i].dy, w->op->backward_no);
    return w->ws->pair[i & 1];
}

/* The gradient by x of unit i; NULL before the model's first layer. */
static inline float *sl_work_dx(const struct sl_work *w, int i)
{
    if (i > 0)
        return sl_work_dy(w, i - 1);
    if (w->stage->is_first)
        return NULL;
    return sl_team_room(w->device, w->ends->dx, w->op->backward_no);
}

/* The weights of the action's version, and where their gradients go. */
static inline void sl_work_set_params(sluice_layer_call *call,
                                      const struct sl_work *w,
                                      const struct sl_unit *unit)
{
    int first = sl_stage_place(w->stage, w->op->version) * unit->plan->n_params;
    call->params = (const float *const *)unit->params + first;
    call->grads = unit->grads;
    if (call->team)
        call->shards = unit->shards + first * call->team->n_shards;
}

/* Fill a call of unit i; its tensors are still to be set.  In place: a large
 * struct that is returned is copied, and its copy waits for stores that were
 * made just before. */
static inline __attribute__((always_inline)) void
sl_work_call(struct sl_work *w, int i, sluice_layer_call *call)
{
    const struct sl_unit *unit = &w->stage->units[i];
    *call = (sluice_layer_call){
        .config = unit->config,
        .plan = unit->plan,
        .layer = unit->layer,
        .rows = w->rows.n,
        .first_row = w->rows.first,
        .seed = w->pipe->blueprint.seed,
        .step = w->pipe->n_steps,
        .training = w->pipe->job.training,
        .recompute = w->op->action.kind == SLUICE_R,
        .saved = w->stashes ? sl_ring_slot(&unit->saved, w->op->stash_no)
                            : w->ws->saved,
        .workspace = w->ws->layer,
        .scratch = w->ws->scratch,
        .products = unit->products,
        .team = w->device->team ? &w->team : NULL,
        .parts = w->has_parts ? &w->parts : NULL,
        .off_core_ns = &w->device->off_core_ns,
        .why = w->why,
    };
    if (call->team)
        w->team = sl_team_told(w->device, unit->owner);
    sl_work_set_params(call, w, unit);
}

/* The same for a backward pass, with its tensors. */
static inline __attribute__((always_inline)) void
sl_work_backward_call(struct sl_work *w, int i, sluice_layer_call *call)
{
    sl_work_call(w, i, call);
    const sluice_layer_plan *plan = w->stage->units[i].plan;
    if (plan->needs_x)
        call->x = i > 0 ? sl_work_stashed_y(w, i - 1) : sl_work_input(w);
    if (plan->needs_y)
        call->y = sl_work_backward_y(w, i);
    call->dy = sl_work_dy(w, i);
    call->dx = sl_work_dx(w, i);
}

#endif

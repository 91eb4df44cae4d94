/*
 * Branches and concat: layers side by side, which are handed the same x.  The
 * stage's device.
 *
 * Backwards go from the last layer to the first.  One that has a weight
 * gradient keeps a dy of its own from backward_input() on, which may change it.
 * The first branch takes the composite's: the others have copied it by then.
 */
#include <string.h>

#include "nn/layers/composite.h"
#include "nn/team/team.h"
#include "tensor/elementwise.h"

static const struct sl_composite *composite_of(const sluice_layer_call *call)
{
    return call->config;
}

static const struct sl_layer *layer_of(const sluice_layer_call *call, int k)
{
    return composite_of(call)->inside.at[k];
}

static bool is_concat(const sluice_layer_call *call)
{
    return composite_of(call)->ops == sluice_concat();
}

static float *at_spot(const sluice_layer_call *call, struct sl_spot spot)
{
    char *base = spot.kept ? call->saved : call->workspace;
    return (float *)(base + call->rows * spot.at);
}

/* Elements of a row that layer k hands on. */
static int64_t width_of(const sluice_layer_call *call, int k)
{
    return sluice_shape_elements(&layer_of(call, k)->plan.out);
}

/* A layer inside: what forward and backward have in common. */
static sluice_layer_call make_call(const sluice_layer_call *call, int k)
{
    return sl_composite_call(composite_of(call), k, call);
}

/* The elements of layer k inside the rows of the concatenation, to or from its
 * own rows; `first` elements of a row come before them. */
static void gather(const sluice_layer_call *call, int k, int64_t first,
                   const float *whole, float *part)
{
    int64_t n = width_of(call, k),
            all = sluice_shape_elements(&call->plan->out);
    struct sl_rows own = sl_team_share(call, call->rows);
    for (int64_t r = own.first; r < own.first + own.n; r++)
        memcpy(part + r * n, whole + r * all + first, (size_t)n * sizeof *part);
}

static void scatter(const sluice_layer_call *call, int k, int64_t first,
                    const float *part, float *whole)
{
    int64_t n = width_of(call, k),
            all = sluice_shape_elements(&call->plan->out);
    struct sl_rows own = sl_team_share(call, call->rows);
    for (int64_t r = own.first; r < own.first + own.n; r++)
        memcpy(whole + r * all + first, part + r * n, (size_t)n * sizeof *part);
}

/* This device's share of n elements. */
static void copy(const sluice_layer_call *call, int64_t n, const float *from,
                 float *to)
{
    struct sl_rows own = sl_team_share(call, n);
    memcpy(to + own.first, from + own.first, (size_t)own.n * sizeof *to);
}

static void add(const sluice_layer_call *call, int64_t n, const float *from,
                float *to)
{
    struct sl_rows own = sl_team_share(call, n);
    sl_add(own.n, from + own.first, to + own.first);
}

/* Put what layer k made at its place in y, or add it. */
static void collect(const sluice_layer_call *call, int k, int64_t first,
                    const float *made)
{
    int64_t n = call->rows * width_of(call, k);
    if (is_concat(call))
        scatter(call, k, first, made, call->y);
    else if (k > 0)
        add(call, n, made, call->y);
    else if (made != call->y)
        copy(call, n, made, call->y);
}

/* Where layer k writes its y: the first branch into the composite's. */
static float *y_of(const sluice_layer_call *call, int k)
{
    const struct sl_inner_place *place = &layer_of(call, k)->place;
    if (k == 0 && !place->y.kept && !is_concat(call))
        return call->y;
    return at_spot(call, place->y);
}

static sluice_status forward(const sluice_layer_call *call)
{
    int64_t first = 0;
    for (int k = 0; k < composite_of(call)->inside.n; k++) {
        sluice_layer_call inner = make_call(call, k);
        inner.y = y_of(call, k);
        sluice_status st = sl_team_forward(layer_of(call, k)->ops, &inner);
        if (st)
            return st;
        collect(call, k, first, inner.y);
        st = sluice_team_meet(call); /* the next may write where it lay */
        if (st)
            return st;
        first += width_of(call, k);
    }
    return SLUICE_OK;
}

static float *dy_of(const sluice_layer_call *call, int k)
{
    if (k == 0 && !is_concat(call))
        return call->dy;
    return at_spot(call, layer_of(call, k)->place.dy);
}

/* Its own copy of what it is to differentiate. */
static void hand_out(const sluice_layer_call *call, int k, int64_t first,
                     float *dy)
{
    if (is_concat(call))
        gather(call, k, first, call->dy, dy);
    else if (dy != call->dy)
        copy(call, call->rows * width_of(call, k), call->dy, dy);
}

static sluice_status backward_one(const sluice_layer_call *call, int k,
                                  int64_t first)
{
    const struct sl_layer *layer = layer_of(call, k);
    bool is_last = k + 1 == composite_of(call)->inside.n;
    sluice_layer_call inner = make_call(call, k);
    inner.dy = dy_of(call, k);
    hand_out(call, k, first, inner.dy);
    inner.x = layer->plan.needs_x ? call->x : NULL;
    inner.y = layer->plan.needs_y ? at_spot(call, layer->place.y) : NULL;
    if (call->dx && !is_last)
        inner.dx = at_spot(call, layer->place.dx);
    sluice_status st = sluice_team_meet(call); /* its dy is there */
    if (!st)
        st = sl_team_backward_input(layer->ops, &inner);
    if (!st && call->dx && !is_last)
        add(call, call->rows * sluice_shape_elements(&call->plan->in), inner.dx,
            call->dx);
    return st ? st : sluice_team_meet(call);
}

static sluice_status backward_input(const sluice_layer_call *call)
{
    int64_t first = sluice_shape_elements(&call->plan->out);
    sluice_status st = SLUICE_OK;
    for (int k = composite_of(call)->inside.n - 1; k >= 0 && !st; k--) {
        if (is_concat(call))
            first -= width_of(call, k);
        st = backward_one(call, k, first);
    }
    return st;
}

static sluice_status backward_weight(const sluice_layer_call *call)
{
    sluice_status st = SLUICE_OK;
    for (int k = composite_of(call)->inside.n - 1; k >= 0 && !st; k--) {
        const struct sl_layer *layer = layer_of(call, k);
        sluice_layer_call inner = make_call(call, k);
        inner.x = layer->plan.needs_x ? call->x : NULL;
        inner.y = NULL;
        inner.dx = NULL;
        inner.dy = dy_of(call, k);
        if (layer->ops->backward_weight)
            st = sl_team_backward_weight(layer->ops, &inner);
    }
    return st;
}

static const sluice_layer_ops branches_ops = {
    .name = "branches",
    .config_bytes = sizeof(struct sl_composite),
    .help = "the sum of what the layers inside make of the same input",
    .infer = sl_branches_infer,
    .forward = forward,
    .backward_input = backward_input,
    .backward_weight = backward_weight,
    .update_statistics = sl_composite_update_statistics,
    .team = SLUICE_TEAM_SHARES,
};

static const sluice_layer_ops concat_ops = {
    .name = "concat",
    .config_bytes = sizeof(struct sl_composite),
    .help = "what the layers inside make of the same input, end to end",
    .infer = sl_branches_infer,
    .forward = forward,
    .backward_input = backward_input,
    .backward_weight = backward_weight,
    .update_statistics = sl_composite_update_statistics,
    .team = SLUICE_TEAM_SHARES,
};

const sluice_layer_ops *sluice_branches(void)
{
    return &branches_ops;
}

const sluice_layer_ops *sluice_concat(void)
{
    return &concat_ops;
}

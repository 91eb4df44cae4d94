/* Sequence and residual: layers that hold others.  The stage's device. */
#include "nn/layers/composite.h"

#include <string.h>

#include "nn/team/team.h"
#include "tensor/elementwise.h"
#include "tensor/gemm/product.h"

static const struct sl_composite *composite_of(const sluice_layer_call *call)
{
    return call->config;
}

static bool is_last(const sluice_layer_call *call, int k)
{
    return k + 1 == composite_of(call)->inside.n;
}

static void *at_spot(const sluice_layer_call *call, struct sl_spot spot)
{
    char *base = spot.kept ? call->saved : call->workspace;
    return base + call->rows * spot.at;
}

static const struct sl_inner_place *place_of(const sluice_layer_call *call,
                                             int k)
{
    return &composite_of(call)->inside.at[k]->place;
}

/* Where y of layer k inside lies.  The last one of a residual may use the
 * composite's y: that is where x is added. */
static float *y_of(const sluice_layer_call *call, int k)
{
    const struct sl_inner_place *place = place_of(call, k);
    if (is_last(call, k) && !place->y.kept)
        return call->y;
    return at_spot(call, place->y);
}

static float *dy_of(const sluice_layer_call *call, int k)
{
    return is_last(call, k) ? call->dy : at_spot(call, place_of(call, k)->dy);
}

static float *dx_of(const sluice_layer_call *call, int k)
{
    if (k > 0)
        return dy_of(call, k - 1);
    if (composite_of(call)->is_residual && call->dx)
        return at_spot(call, place_of(call, 0)->dx);
    return call->dx;
}

static const float *x_of(const sluice_layer_call *call, int k)
{
    return k > 0 ? y_of(call, k - 1) : call->x;
}

sluice_layer_call sl_composite_call(const struct sl_composite *composite, int k,
                                    const sluice_layer_call *call)
{
    const struct sl_layer *layer = composite->inside.at[k];
    sluice_layer_call inner = *call;
    inner.config = layer->config;
    inner.plan = &layer->plan;
    inner.layer = layer->number;
    inner.saved = (char *)call->saved + call->rows * layer->place.saved.at;
    if (call->cache)
        inner.cache =
            (char *)call->cache + call->cache_positions * layer->place.cache;
    if (call->products)
        inner.products = call->products + layer->place.first_product;
    inner.params = call->params + layer->place.first_param;
    inner.grads = call->grads + layer->place.first_param;
    if (call->team)
        inner.shards =
            call->shards + layer->place.first_param * call->team->n_shards;
    return inner;
}

/* What forward and backward have in common. */
static sluice_layer_call make_call(const sluice_layer_call *call, int k)
{
    return sl_composite_call(composite_of(call), k, call);
}

static sluice_layer_call backward_call(const sluice_layer_call *call, int k)
{
    sluice_layer_call inner = make_call(call, k);
    inner.x = inner.plan->needs_x ? x_of(call, k) : NULL;
    inner.dy = dy_of(call, k);
    return inner;
}

/* This device's share of an input of the composite. */
static struct sl_rows share_of(const sluice_layer_call *call)
{
    return sl_team_share(call,
                         call->rows * sluice_shape_elements(&call->plan->in));
}

/* to += from, over an input of the composite */
static void add(const sluice_layer_call *call, const float *from, float *to)
{
    struct sl_rows own = share_of(call);
    sl_add(own.n, from + own.first, to + own.first);
}

static void copy(const sluice_layer_call *call, const float *from, float *to)
{
    struct sl_rows own = share_of(call);
    memcpy(to + own.first, from + own.first, (size_t)own.n * sizeof *to);
}

static sluice_status forward(const sluice_layer_call *call)
{
    const struct sl_composite *c = composite_of(call);
    for (int k = 0; k < c->inside.n; k++) {
        sluice_layer_call inner = make_call(call, k);
        inner.x = x_of(call, k);
        inner.y = y_of(call, k);
        sluice_status st = sl_team_forward(c->inside.at[k]->ops, &inner);
        if (st)
            return st;
    }
    if (!c->is_residual)
        return SLUICE_OK;
    const float *f = y_of(call, c->inside.n - 1);
    if (f != call->y)
        copy(call, f, call->y);
    add(call, call->x, call->y);
    return SLUICE_OK;
}

/* dx of a residual is dy + dy * df/dx; dy is taken first, for the last layer
 * may change it. */
static sluice_status backward_input(const sluice_layer_call *call)
{
    const struct sl_composite *c = composite_of(call);
    bool adds = c->is_residual && call->dx;
    if (adds) {
        copy(call, call->dy, call->dx);
        sluice_status st = sluice_team_meet(call);
        if (st)
            return st;
    }
    for (int k = c->inside.n - 1; k >= 0; k--) {
        sluice_layer_call inner = backward_call(call, k);
        inner.y = inner.plan->needs_y ? y_of(call, k) : NULL;
        inner.dx = dx_of(call, k);
        sluice_status st = sl_team_backward_input(c->inside.at[k]->ops, &inner);
        if (st)
            return st;
    }
    if (adds)
        add(call, dx_of(call, 0), call->dx);
    return SLUICE_OK;
}

static sluice_status backward_weight(const sluice_layer_call *call)
{
    const struct sl_composite *c = composite_of(call);
    for (int k = c->inside.n - 1; k >= 0; k--) {
        sluice_layer_call inner = backward_call(call, k);
        inner.y = NULL;
        inner.dx = NULL;
        if (!c->inside.at[k]->ops->backward_weight)
            continue;
        sluice_status st =
            sl_team_backward_weight(c->inside.at[k]->ops, &inner);
        if (st)
            return st;
    }
    return SLUICE_OK;
}

void sl_composite_update_statistics(const sluice_statistics_call *call)
{
    const struct sl_composite *c = call->config;
    for (int k = 0; k < c->inside.n; k++) {
        const struct sl_layer *layer = c->inside.at[k];
        sluice_statistics_call inner = {
            .config = layer->config,
            .plan = &layer->plan,
            .params = call->params + layer->place.first_param,
            .sums = call->sums + layer->place.first_param,
        };
        if (layer->ops->update_statistics)
            layer->ops->update_statistics(&inner);
    }
}

static const sluice_layer_ops sequence_ops = {
    .name = "sequence",
    .config_bytes = sizeof(struct sl_composite),
    .help = "layers one after the other, that no cut divides",
    .infer = sl_composite_infer,
    .forward = forward,
    .backward_input = backward_input,
    .backward_weight = backward_weight,
    .update_statistics = sl_composite_update_statistics,
    .team = SLUICE_TEAM_SHARES,
};

static const sluice_layer_ops residual_ops = {
    .name = "residual",
    .config_bytes = sizeof(struct sl_composite),
    .help = "x + f(x), f being the layers inside",
    .infer = sl_composite_infer,
    .forward = forward,
    .backward_input = backward_input,
    .backward_weight = backward_weight,
    .update_statistics = sl_composite_update_statistics,
    .team = SLUICE_TEAM_SHARES,
};

const sluice_layer_ops *sluice_sequence(void)
{
    return &sequence_ops;
}

const sluice_layer_ops *sluice_residual(void)
{
    return &residual_ops;
}

bool sl_is_composite(const sluice_layer_ops *ops)
{
    return ops == &sequence_ops || ops == &residual_ops ||
           ops == sluice_branches() || ops == sluice_concat();
}

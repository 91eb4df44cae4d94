/* What branches and concat need.  The thread that builds the model. */
#include <inttypes.h>

#include "nn/layers/composite.h"
#include "nn/layers/positions.h"
#include "nn/rows/given.h"

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static const sluice_layer_plan *plan_of(const struct sl_composite *c, int k)
{
    return &c->inside.at[k]->plan;
}

static int64_t row_bytes(const sluice_shape *shape)
{
    return sluice_shape_elements(shape) * (int64_t)sizeof(float);
}

/* Sums have the shape of the first; the others as many elements. */
static sluice_status add_up(const struct sl_composite *c, sluice_shape *out,
                            sluice_diag *why)
{
    int64_t n = sluice_shape_elements(&plan_of(c, 0)->out);
    *out = plan_of(c, 0)->out;
    for (int k = 1; k < c->inside.n; k++) {
        int64_t other = sluice_shape_elements(&plan_of(c, k)->out);
        if (other != n)
            return sluice_diag_set(why, SLUICE_INVALID,
                                   "branches: layer %d inside makes %" PRId64
                                   " elements and layer 0 %" PRId64
                                   "; their sum needs as many",
                                   k, other, n);
    }
    return SLUICE_OK;
}

/* Whether all dims but the first are equal. */
static bool fit(const sluice_shape *a, const sluice_shape *b)
{
    bool equal = a->n_dims == b->n_dims;
    for (int i = 1; equal && i < a->n_dims; i++)
        equal = a->dims[i] == b->dims[i];
    return equal;
}

static sluice_status join(const struct sl_composite *c, sluice_shape *out,
                          sluice_diag *why)
{
    *out = plan_of(c, 0)->out;
    for (int k = 1; k < c->inside.n; k++) {
        const sluice_shape *next = &plan_of(c, k)->out;
        if (!fit(out, next))
            return sluice_diag_set(why, SLUICE_INVALID,
                                   "concat: what layer %d inside makes does "
                                   "not fit behind the others; all dims but "
                                   "the first, the channels, must be equal",
                                   k);
        out->dims[0] = sl_size_plus(out->dims[0], next->dims[0]);
    }
    if (sluice_shape_elements(out) < 1)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "concat: too many elements to count");
    return SLUICE_OK;
}

/* What stays from forward to backward, and two buffers behind the layers' own
 * workspace: a layer's y or dy, and its dx. */
static void place(const struct sl_composite *c, sluice_layer_plan *plan)
{
    bool joins = c->ops == sluice_concat();
    int64_t inside = 0, buffer = 0;
    for (int k = 0; k < c->inside.n; k++) {
        struct sl_layer *layer = c->inside.at[k];
        int64_t bytes = row_bytes(&layer->plan.out);
        layer->place.saved = sl_composite_keep(
            plan, sl_composite_rounded(layer->plan.saved_row_bytes));
        inside = larger(inside,
                        sl_composite_rounded(layer->plan.workspace_row_bytes));
        buffer = larger(buffer, bytes);
    }
    for (int k = 0; k < c->inside.n; k++) {
        struct sl_layer *layer = c->inside.at[k];
        int64_t bytes = row_bytes(&layer->plan.out);
        bool has_own = k > 0 || joins;
        layer->place.y = layer->place.dy = (struct sl_spot){false, inside};
        layer->place.dx = (struct sl_spot){false, sl_size_plus(inside, buffer)};
        if (layer->plan.needs_y)
            layer->place.y = sl_composite_keep(plan, bytes);
        if (has_own && layer->ops->backward_weight)
            layer->place.dy = sl_composite_keep(plan, bytes);
    }
    plan->workspace_row_bytes =
        sl_size_plus(sl_size_plus(inside, buffer), row_bytes(&plan->in));
}

sluice_status sl_branches_infer(const void *config, sluice_layer_plan *plan,
                                sluice_diag *why)
{
    const struct sl_composite *c = config;
    sluice_status st = sl_layer_given("composite", config, plan, why);
    if (!st)
        st = sl_composite_gather(c, plan, why);
    if (!st)
        st = c->ops == sluice_concat() ? join(c, &plan->out, why)
                                       : add_up(c, &plan->out, why);
    if (st)
        return st;
    for (int k = 0; k < c->inside.n; k++) {
        const sluice_layer_plan *inner = plan_of(c, k);
        int64_t n = sluice_shape_elements(&inner->out);
        plan->needs_x = plan->needs_x || inner->needs_x;
        plan->forward_row_flops = sl_size_plus(plan->forward_row_flops, n);
        plan->input_row_flops = sl_size_plus(plan->input_row_flops, n);
    }
    place(c, plan);
    return sl_composite_check_sums(c, plan, why);
}

/* What a composite layer needs.  The thread that builds the model. */
#include <inttypes.h>
#include <stdio.h>

#include "base/memory.h"
#include "nn/layers/composite.h"
#include "nn/layers/positions.h"
#include "nn/rows/given.h"

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

int64_t sl_composite_rounded(int64_t bytes)
{
    return bytes >= SL_SIZE_LIMIT ? SL_SIZE_LIMIT
                                  : (int64_t)sl_round_up((size_t)bytes);
}

static int64_t row_bytes(const sluice_shape *shape)
{
    return sluice_shape_elements(shape) * (int64_t)sizeof(float);
}

static const char *name_of(const struct sl_composite *c)
{
    return c->ops->name;
}

static sluice_status check_inside(const struct sl_composite *c,
                                  sluice_diag *why)
{
    if (c->inside.n == 0)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "%s: no layers inside; add some before "
                               "sluice_model_end()",
                               name_of(c));
    return SLUICE_OK;
}

static sluice_status check_residual(const struct sl_composite *c,
                                    sluice_diag *why)
{
    int64_t in = sluice_shape_elements(&c->inside.at[0]->plan.in);
    int64_t out =
        sluice_shape_elements(&c->inside.at[c->inside.n - 1]->plan.out);
    if (c->is_residual && in != out)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "residual: the layers inside make %" PRId64
                               " elements of %" PRId64
                               "; x + f(x) needs as many",
                               out, in);
    return SLUICE_OK;
}

/* "weight" of layer 2 inside becomes "2.weight". */
static sluice_status add_param(const struct sl_composite *c, int k,
                               const sluice_param_spec *inner,
                               sluice_layer_plan *plan, sluice_diag *why)
{
    sluice_param_spec *spec = &plan->params[plan->n_params++];
    *spec = *inner;
    int n = snprintf(spec->name, sizeof spec->name, "%d.%s", k, inner->name);
    if (n >= SLUICE_PARAM_NAME)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "%s: the parameter name %d.%s is longer than "
                               "%d characters",
                               name_of(c), k, inner->name,
                               SLUICE_PARAM_NAME - 1);
    return SLUICE_OK;
}

static sluice_status add_params(const struct sl_composite *c,
                                sluice_layer_plan *plan, sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    for (int k = 0; k < c->inside.n; k++) {
        struct sl_layer *layer = c->inside.at[k];
        layer->place.first_param = plan->n_params;
        for (int p = 0; p < layer->plan.n_params && !st; p++)
            st = add_param(c, k, &layer->plan.params[p], plan, why);
    }
    return st;
}

static void add_products(const struct sl_composite *c, sluice_layer_plan *plan)
{
    for (int k = 0; k < c->inside.n; k++) {
        struct sl_layer *layer = c->inside.at[k];
        layer->place.first_product = plan->n_products;
        for (int i = 0; i < layer->plan.n_products; i++) {
            sluice_product_spec spec = layer->plan.products[i];
            spec.param += layer->place.first_param;
            plan->products[plan->n_products++] = spec;
        }
    }
}

static void add_costs(const struct sl_composite *c, sluice_layer_plan *plan)
{
    for (int k = 0; k < c->inside.n; k++) {
        const sluice_layer_plan *inner = &c->inside.at[k]->plan;
        plan->forward_row_flops =
            sl_size_plus(plan->forward_row_flops, inner->forward_row_flops);
        plan->input_row_flops =
            sl_size_plus(plan->input_row_flops, inner->input_row_flops);
        plan->weight_row_flops =
            sl_size_plus(plan->weight_row_flops, inner->weight_row_flops);
        plan->scratch_bytes = larger(plan->scratch_bytes, inner->scratch_bytes);
    }
}

/* A concatenation along the first dimension is one of positions. */
static void add_caches(const struct sl_composite *c, sluice_layer_plan *plan)
{
    plan->by_position = c->ops != sluice_concat();
    for (int k = 0; k < c->inside.n; k++) {
        struct sl_layer *layer = c->inside.at[k];
        plan->by_position = plan->by_position && layer->plan.by_position;
        layer->place.cache = plan->cache_bytes;
        plan->cache_bytes =
            sl_size_plus(plan->cache_bytes, layer->plan.cache_bytes);
    }
}

sluice_status sl_composite_gather(const struct sl_composite *c,
                                  sluice_layer_plan *plan, sluice_diag *why)
{
    sluice_status st = check_inside(c, why);
    if (!st)
        st = add_params(c, plan, why);
    if (st)
        return st;
    add_products(c, plan);
    add_costs(c, plan);
    add_caches(c, plan);
    return SLUICE_OK;
}

struct sl_spot sl_composite_keep(sluice_layer_plan *plan, int64_t bytes)
{
    struct sl_spot spot = {true, plan->saved_row_bytes};
    plan->saved_row_bytes = sl_size_plus(plan->saved_row_bytes, bytes);
    return spot;
}

static bool is_last(const struct sl_composite *c, int k)
{
    return k + 1 == c->inside.n;
}

/* Whether a backward pass reads y of layer k inside.  The output of a sequence
 * is handed to it anyway. */
static bool keeps_y(const struct sl_composite *c, int k)
{
    bool reads_y = c->inside.at[k]->plan.needs_y;
    if (is_last(c, k))
        return c->is_residual && reads_y;
    return reads_y || c->inside.at[k + 1]->plan.needs_x;
}

static bool keeps_dy(const struct sl_composite *c, int k)
{
    return !is_last(c, k) && c->inside.at[k]->ops->backward_weight;
}

static void place_kept(const struct sl_composite *c, sluice_layer_plan *plan)
{
    for (int k = 0; k < c->inside.n; k++) {
        struct sl_layer *layer = c->inside.at[k];
        layer->place.saved = sl_composite_keep(
            plan, sl_composite_rounded(layer->plan.saved_row_bytes));
    }
    for (int k = 0; k < c->inside.n; k++) {
        struct sl_layer *layer = c->inside.at[k];
        int64_t bytes = row_bytes(&layer->plan.out);
        layer->place.y = layer->place.dy = (struct sl_spot){0};
        if (keeps_y(c, k))
            layer->place.y = sl_composite_keep(plan, bytes);
        if (keeps_dy(c, k))
            layer->place.dy = sl_composite_keep(plan, bytes);
    }
}

/* The rest.  Neighbours lie in different buffers. */
static void place_buffers(const struct sl_composite *c, sluice_layer_plan *plan)
{
    int64_t inside = 0, buffer = 0;
    if (c->is_residual)
        buffer = row_bytes(&plan->in);
    for (int k = 0; k < c->inside.n; k++) {
        const sluice_layer_plan *inner = &c->inside.at[k]->plan;
        inside =
            larger(inside, sl_composite_rounded(inner->workspace_row_bytes));
        if (!is_last(c, k) && !(keeps_y(c, k) && keeps_dy(c, k)))
            buffer = larger(buffer, row_bytes(&inner->out));
    }
    int64_t at[2] = {inside, sl_size_plus(inside, buffer)};
    for (int k = 0; k < c->inside.n; k++) {
        struct sl_inner_place *place = &c->inside.at[k]->place;
        place->dx.at = at[1]; /* as of a layer before the first */
        if (!place->y.kept)
            place->y.at = at[k % 2];
        if (!place->dy.kept)
            place->dy.at = at[k % 2];
    }
    plan->workspace_row_bytes = sl_size_plus(at[1], buffer);
}

sluice_status sl_composite_check_sums(const struct sl_composite *c,
                                      const sluice_layer_plan *plan,
                                      sluice_diag *why)
{
    if (plan->saved_row_bytes < SL_SIZE_LIMIT &&
        plan->workspace_row_bytes < SL_SIZE_LIMIT &&
        plan->scratch_bytes < SL_SIZE_LIMIT &&
        plan->forward_row_flops < SL_SIZE_LIMIT &&
        plan->input_row_flops < SL_SIZE_LIMIT &&
        plan->weight_row_flops < SL_SIZE_LIMIT)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "%s: the layers inside take more bytes or "
                           "operations for a row than can be counted",
                           name_of(c));
}

int sl_composite_n_params(const struct sl_composite *c)
{
    int n = 0; /* at most SLUICE_LAYER_MAX_PARAMS * SLUICE_MODEL_MAX_LAYERS */
    for (int k = 0; k < c->inside.n; k++)
        n += c->inside.at[k]->plan.n_params;
    return n;
}

int sl_composite_n_products(const struct sl_composite *c)
{
    int n = 0; /* bounded in the same way */
    for (int k = 0; k < c->inside.n; k++)
        n += c->inside.at[k]->plan.n_products;
    return n;
}

sluice_status sl_composite_infer(const void *config, sluice_layer_plan *plan,
                                 sluice_diag *why)
{
    const struct sl_composite *c = config;
    sluice_status st = sl_layer_given("composite", config, plan, why);
    if (!st)
        st = sl_composite_gather(c, plan, why);
    if (!st)
        st = check_residual(c, why);
    if (st)
        return st;
    const sluice_layer_plan *last = &c->inside.at[c->inside.n - 1]->plan;
    int64_t sums = c->is_residual ? sluice_shape_elements(&plan->in) : 0;
    plan->out = c->is_residual ? plan->in : last->out;
    plan->in_type = c->inside.at[0]->plan.in_type;
    plan->needs_x = c->inside.at[0]->plan.needs_x;
    plan->needs_y = !c->is_residual && last->needs_y;
    plan->forward_row_flops = sl_size_plus(plan->forward_row_flops, sums);
    plan->input_row_flops = sl_size_plus(plan->input_row_flops, sums);
    place_kept(c, plan);
    place_buffers(c, plan);
    return sl_composite_check_sums(c, plan, why);
}

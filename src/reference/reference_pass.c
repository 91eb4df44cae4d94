/*
 * The sequential reference: one micro-batch through all layers and back.
 * Written out as plain loops, for it is what the pipeline is judged by.
 */
#include "reference/reference.h"

#include <math.h>
#include <string.h>

#include "base/finite.h"
#include "nn/model/settle.h"

/* Part `index` of `n`: as even as can be, the larger ones first. */
static struct sl_micro fraction_of(struct sl_micro whole, int n, int index)
{
    int64_t each = whole.rows / n, more = whole.rows % n;
    return (struct sl_micro){
        .rows = each + (index < more),
        .first_row =
            whole.first_row + each * index + (index < more ? index : more),
    };
}

struct sl_micro sl_reference_micro(const struct sluice_reference *ref,
                                   int64_t rows, int replica, int m)
{
    struct sl_micro all = {.rows = rows};
    struct sl_micro share = fraction_of(all, ref->replicas, replica);
    struct sl_micro micro = fraction_of(share, ref->microbatches, m);
    micro.index = replica * ref->microbatches + m;
    return micro;
}

sluice_status sl_reference_terms(const struct sluice_reference *ref,
                                 const void *targets, struct sl_micro rows,
                                 int64_t *terms, sluice_diag *why)
{
    const sluice_loss_plan *plan = &ref->loss_plan;
    const char *first =
        (const char *)targets + rows.first_row * plan->target_row_bytes;
    return sl_loss_terms(ref->loss, plan, first, rows.rows, terms, why);
}

/* The newest weights, or the version that the micro-batch uses. */
static float *weights_of(const struct sluice_reference *ref,
                         const struct sl_mini *mini, struct sl_micro micro,
                         int i, int p)
{
    const struct sl_reference_param *param = &ref->layers[i].params[p];
    if (!ref->versions || !mini->training)
        return param->w;
    int version =
        ref->versions[i * ref->microbatches + micro.index % ref->microbatches];
    return param->kept + (version - 1) * param->n;
}

/* The rows of the mini-batch, of whatever type, or what the layer before made
 * of them. */
static const void *input_of(const struct sluice_reference *ref,
                            const struct sl_mini *mini, struct sl_micro micro,
                            int i)
{
    const struct sl_reference_layer *layer = &ref->layers[i];
    if (i == 0)
        return mini->x + micro.first_row * ref->input_row_bytes;
    return layer[-1].y + micro.first_row * layer->in;
}

/* Elements of a row of what goes from a stash to its pop. */
static int64_t skip_elements(const struct sl_reference_layer *layer)
{
    return sluice_shape_elements(&layer->plan->skip);
}

/* The part of a layer's call that forward and backward share. */
static sluice_layer_call call_of(struct sluice_reference *ref,
                                 const struct sl_mini *mini,
                                 struct sl_micro micro, int i)
{
    struct sl_reference_layer *layer = &ref->layers[i];
    sluice_layer_call call = {
        .config = layer->config,
        .plan = layer->plan,
        .layer = i,
        .rows = micro.rows,
        .first_row = micro.first_row,
        .seed = ref->seed,
        .step = ref->step,
        .training = mini->training,
        .x = input_of(ref, mini, micro, i),
        .y = layer->y + micro.first_row * layer->out,
        .saved = layer->saved[micro.index],
        .workspace = ref->workspace,
        .scratch = ref->scratch,
        .params = layer->weights,
        .grads = layer->grads,
        .products = layer->products,
        .why = mini->why,
    };
    if (layer->skip)
        call.skip = layer->skip + micro.first_row * skip_elements(layer);
    for (int p = 0; p < layer->plan->n_params; p++) {
        layer->weights[p] = weights_of(ref, mini, micro, i, p);
        layer->grads[p] = layer->params[p].g;
    }
    return call;
}

/* What the loss of a micro-batch sees. */
static sluice_loss_call loss_of(const struct sluice_reference *ref,
                                const struct sl_mini *mini,
                                struct sl_micro micro)
{
    const struct sl_reference_layer *last = &ref->layers[ref->n_layers - 1];
    return (sluice_loss_call){
        .plan = &ref->loss_plan,
        .rows = micro.rows,
        .y = last->y + micro.first_row * last->out,
        .targets =
            mini->targets + micro.first_row * ref->loss_plan.target_row_bytes,
        .why = mini->why,
    };
}

static sluice_status through_layers(struct sluice_reference *ref,
                                    const struct sl_mini *mini,
                                    struct sl_micro micro)
{
    for (int i = 0; i < ref->n_layers; i++) {
        sluice_layer_call call = call_of(ref, mini, micro, i);
        sluice_status st = ref->layers[i].ops->forward(&call);
        if (st)
            return st;
    }
    return SLUICE_OK;
}

sluice_status sl_reference_forward(struct sluice_reference *ref,
                                   const struct sl_mini *mini,
                                   struct sl_micro micro, double *sum,
                                   int64_t *correct)
{
    sluice_status st = through_layers(ref, mini, micro);
    if (st || !mini->targets)
        return st;
    sluice_loss_call call = loss_of(ref, mini, micro);
    st = ref->loss->forward(&call, sum, correct);
    if (st || !mini->training || isfinite(*sum) ||
        ref->finite == SLUICE_FINITE_OFF)
        return st;
    return sluice_diag_set(mini->why, SLUICE_NOT_FINITE,
                           "the loss of micro-batch %d is %s", micro.index,
                           sl_not_finite_name(*sum));
}

/* Rows of the largest micro-batch of a full batch. */
static int64_t full_rows(const struct sluice_reference *ref)
{
    struct sl_micro all = {.rows = ref->batch};
    return fraction_of(fraction_of(all, ref->replicas, 0), ref->microbatches, 0)
        .rows;
}

/* Whether the weight gradient of micro-batch `m` of a replica is taken together
 * with that of the one before it. */
static bool joins(const struct sluice_reference *ref,
                  const struct sl_mini *mini, int replica, int m, int i)
{
    int64_t full = full_rows(ref);
    return m > 0 && m < ref->microbatches && ref->layers[i].joins[m] &&
           sl_reference_micro(ref, mini->rows, replica, m - 1).rows == full &&
           sl_reference_micro(ref, mini->rows, replica, m).rows == full;
}

/* The weight gradient of a layer that takes micro-batches in groups, with the
 * last one of each; `own` is what a single one would do. */
static sluice_status joined_weight(struct sluice_reference *ref,
                                   const struct sl_mini *mini,
                                   struct sl_micro micro, int i,
                                   const sluice_layer_call *own)
{
    const struct sl_reference_layer *layer = &ref->layers[i];
    int replica = micro.index / ref->microbatches;
    int last = micro.index % ref->microbatches, first = last;
    memcpy(layer->dy + micro.first_row * layer->out, own->dy,
           (size_t)(micro.rows * layer->out) * sizeof(float));
    if (joins(ref, mini, replica, last + 1, i))
        return SLUICE_OK;
    while (joins(ref, mini, replica, first, i))
        first--;
    struct sl_micro start = sl_reference_micro(ref, mini->rows, replica, first);
    sluice_layer_call call = call_of(ref, mini, start, i);
    call.rows = micro.first_row + micro.rows - start.first_row;
    call.x = layer->plan->needs_x ? call.x : NULL;
    call.y = NULL;
    call.dy = layer->dy + start.first_row * layer->out;
    call.accumulate = first > 0;
    return layer->ops->backward_weight(&call);
}

/* One layer; its dy is in gradient[0], its dx goes to gradient[1]. */
static sluice_status backward_layer(struct sluice_reference *ref,
                                    const struct sl_mini *mini,
                                    struct sl_micro micro, int i,
                                    bool accumulate)
{
    const struct sl_reference_layer *layer = &ref->layers[i];
    sluice_layer_call call = call_of(ref, mini, micro, i);
    if (!layer->plan->needs_x)
        call.x = NULL;
    if (!layer->plan->needs_y)
        call.y = NULL;
    call.dy = ref->gradient[0];
    call.dx = i > 0 ? ref->gradient[1] : NULL;
    if (layer->skip)
        call.skip =
            layer->skip_gradient + micro.first_row * skip_elements(layer);
    call.accumulate = accumulate;
    sluice_status st = layer->ops->backward_input(&call);
    call.y = NULL;
    call.dx = NULL;
    if (!st && layer->ops->backward_weight && layer->joins)
        return joined_weight(ref, mini, micro, i, &call);
    if (!st && layer->ops->backward_weight)
        st = layer->ops->backward_weight(&call);
    return st;
}

sluice_status sl_reference_backward(struct sluice_reference *ref,
                                    const struct sl_mini *mini,
                                    struct sl_micro micro, bool accumulate)
{
    sluice_loss_call loss = loss_of(ref, mini, micro);
    float scale = mini->terms ? (float)(1.0 / (double)mini->terms) : 0;
    sluice_status st = ref->loss->backward(&loss, scale, ref->gradient[0]);
    for (int i = ref->n_layers - 1; i >= 0 && !st; i--) {
        st = backward_layer(ref, mini, micro, i, accumulate);
        float *dx = ref->gradient[1];
        ref->gradient[1] = ref->gradient[0];
        ref->gradient[0] = dx;
    }
    return st;
}

/*
 * The sequential reference: what a step, an evaluation and an inference mean.
 *
 * Every order that decides bits is written out here as a plain loop: that of
 * the forwards, of the loss sums, of the backwards.
 */
#include "run/reference.h"

#include <string.h>

#include "tensor/blas_threads.h"

/* A run of rows of the mini-batch under way. */
struct micro {
    int index;
    int64_t rows;
    int64_t first_row;
};

/* The mini-batch under way. */
struct mini {
    const float *x;      /* x[rows][input] */
    const char *targets; /* NULL in inference */
    int64_t rows;
    bool training;
    double sum;      /* of the losses of the micro-batches so far */
    int64_t correct; /* rows among them */
    sluice_diag *why;
};

/* Part `index` of `n`: as even as can be, the larger ones first. */
static struct micro fraction_of(struct micro whole, int n, int index)
{
    int64_t each = whole.rows / n, more = whole.rows % n;
    return (struct micro){
        .rows = each + (index < more),
        .first_row =
            whole.first_row + each * index + (index < more ? index : more),
    };
}

/* Replicas share the rows, then each makes micro-batches of its share. */
static struct micro micro_of(const struct sluice_reference *ref, int64_t rows,
                             int replica, int m)
{
    struct micro all = {.rows = rows};
    struct micro share = fraction_of(all, ref->replicas, replica);
    struct micro micro = fraction_of(share, ref->microbatches, m);
    micro.index = replica * ref->microbatches + m;
    return micro;
}

/* The part of a layer's call that forward and backward share. */
static sluice_layer_call call_of(struct sluice_reference *ref,
                                 const struct mini *mini, struct micro micro,
                                 int i)
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
        .x = mini->x + micro.first_row * layer->in,
        .y = layer->y + micro.first_row * layer->out,
        .saved = layer->saved[micro.index],
        .workspace = ref->workspace,
        .why = mini->why,
    };
    if (i > 0)
        call.x = layer[-1].y + micro.first_row * layer->in;
    for (int p = 0; p < layer->plan->n_params; p++) {
        call.params[p] = layer->params[p].w;
        call.grads[p] = layer->params[p].g;
    }
    return call;
}

/* What the loss of a micro-batch sees. */
static sluice_loss_call loss_of(const struct sluice_reference *ref,
                                const struct mini *mini, struct micro micro)
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

static sluice_status forward(struct sluice_reference *ref,
                             const struct mini *mini, struct micro micro)
{
    for (int i = 0; i < ref->n_layers; i++) {
        sluice_layer_call call = call_of(ref, mini, micro, i);
        sluice_status st = ref->layers[i].ops->forward(&call);
        if (st)
            return st;
    }
    return SLUICE_OK;
}

static sluice_status add_loss(struct sluice_reference *ref, struct mini *mini,
                              struct micro micro)
{
    sluice_loss_call call = loss_of(ref, mini, micro);
    double sum = 0;
    int64_t correct = 0;
    sluice_status st = ref->loss->forward(&call, &sum, &correct);
    mini->sum += sum;
    mini->correct += correct;
    return st;
}

/* Forward of all micro-batches in order, and their losses. */
static sluice_status run_forwards(struct sluice_reference *ref,
                                  struct mini *mini)
{
    for (int i = 0; i < ref->replicas * ref->microbatches; i++) {
        struct micro micro = micro_of(ref, mini->rows, i / ref->microbatches,
                                      i % ref->microbatches);
        if (!micro.rows)
            continue;
        sluice_status st = forward(ref, mini, micro);
        if (!st && mini->targets)
            st = add_loss(ref, mini, micro);
        if (st)
            return st;
    }
    return SLUICE_OK;
}

/* Rows of the largest micro-batch of a full batch. */
static int64_t full_rows(const struct sluice_reference *ref)
{
    struct micro all = {.rows = ref->batch};
    return fraction_of(fraction_of(all, ref->replicas, 0), ref->microbatches, 0)
        .rows;
}

/* Whether the weight gradient of micro-batch `m` of a replica is taken together
 * with that of the one before it. */
static bool joins(const struct sluice_reference *ref, const struct mini *mini,
                  int replica, int m, int i)
{
    int64_t full = full_rows(ref);
    return m > 0 && m < ref->microbatches && ref->layers[i].joins[m] &&
           micro_of(ref, mini->rows, replica, m - 1).rows == full &&
           micro_of(ref, mini->rows, replica, m).rows == full;
}

/* The weight gradient of a layer that takes micro-batches in groups, with the
 * last one of each; `own` is what a single one would do. */
static sluice_status joined_weight(struct sluice_reference *ref,
                                   const struct mini *mini, struct micro micro,
                                   int i, const sluice_layer_call *own)
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
    struct micro start = micro_of(ref, mini->rows, replica, first);
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
                                    const struct mini *mini, struct micro micro,
                                    int i, bool accumulate)
{
    const struct sl_reference_layer *layer = &ref->layers[i];
    sluice_layer_call call = call_of(ref, mini, micro, i);
    if (!layer->plan->needs_x)
        call.x = NULL;
    if (!layer->plan->needs_y)
        call.y = NULL;
    call.dy = ref->gradient[0];
    call.dx = i > 0 ? ref->gradient[1] : NULL;
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

static sluice_status backward(struct sluice_reference *ref,
                              const struct mini *mini, struct micro micro,
                              bool accumulate)
{
    sluice_loss_call loss = loss_of(ref, mini, micro);
    double terms = (double)mini->rows * (double)ref->loss_plan.row_terms;
    sluice_status st =
        ref->loss->backward(&loss, (float)(1.0 / terms), ref->gradient[0]);
    for (int i = ref->n_layers - 1; i >= 0 && !st; i--) {
        st = backward_layer(ref, mini, micro, i, accumulate);
        float *dx = ref->gradient[1];
        ref->gradient[1] = ref->gradient[0];
        ref->gradient[0] = dx;
    }
    return st;
}

/* Backward of the micro-batches of a replica that go through a copy, in the
 * order asked for. */
static sluice_status run_copy(struct sluice_reference *ref,
                              const struct mini *mini, int replica, int copy)
{
    bool accumulate = false;
    for (int i = 0; i < ref->microbatches; i++) {
        int m = ref->in_order ? i : ref->microbatches - 1 - i;
        struct micro micro = micro_of(ref, mini->rows, replica, m);
        if (!micro.rows || (ref->copy && ref->copy[m] != copy))
            continue;
        sluice_status st = backward(ref, mini, micro, accumulate);
        if (st)
            return st;
        accumulate = true;
    }
    return SLUICE_OK;
}

/* One function for each parameter, called in order. */
static void for_params(struct sluice_reference *ref,
                       void (*f)(struct sl_reference_param *param))
{
    for (int i = 0; i < ref->n_layers; i++)
        for (int p = 0; p < ref->layers[i].plan->n_params; p++)
            f(&ref->layers[i].params[p]);
}

static void clear_gradient(struct sl_reference_param *param)
{
    memset(param->g, 0, (size_t)param->n * sizeof *param->g);
}

static void keep_gradient(struct sl_reference_param *param)
{
    memcpy(param->sum, param->g, (size_t)param->n * sizeof *param->g);
}

static void add_gradient(struct sl_reference_param *param)
{
    for (int64_t i = 0; i < param->n; i++)
        param->sum[i] += param->g[i];
}

static void use_sum(struct sl_reference_param *param)
{
    memcpy(param->g, param->sum, (size_t)param->n * sizeof *param->g);
}

/* The gradients of all copies in all replicas, added up in their order. */
static sluice_status run_backwards(struct sluice_reference *ref,
                                   const struct mini *mini)
{
    int n = ref->replicas * ref->copies;
    if (n == 1)
        return run_copy(ref, mini, 0, 0);
    for (int i = 0; i < n; i++) {
        for_params(ref, clear_gradient); /* for one without rows */
        sluice_status st =
            run_copy(ref, mini, i / ref->copies, i % ref->copies);
        if (st)
            return st;
        for_params(ref, i ? add_gradient : keep_gradient);
    }
    for_params(ref, use_sum);
    return SLUICE_OK;
}

static sluice_optimizer_call update_of(const struct sluice_reference *ref,
                                       const struct sl_reference_param *param,
                                       sluice_diag *why)
{
    sluice_optimizer_call call = {
        .config = ref->optimizer_config,
        .learning_rate = ref->learning_rate,
        .step = ref->step,
        .n = param->n,
        .w = param->w,
        .g = param->g,
        .why = why,
    };
    memcpy(call.state, param->state, sizeof call.state);
    return call;
}

static sluice_status prepare(struct sluice_reference *ref, sluice_diag *why)
{
    for (int i = 0; i < ref->n_layers && ref->optimizer->prepare; i++) {
        const struct sl_reference_layer *layer = &ref->layers[i];
        for (int p = 0; p < layer->plan->n_params; p++) {
            sluice_optimizer_call call = update_of(ref, &layer->params[p], why);
            sluice_status st = ref->optimizer->prepare(&call);
            if (st)
                return st;
        }
    }
    return SLUICE_OK;
}

static void apply(struct sluice_reference *ref)
{
    for (int i = 0; i < ref->n_layers; i++) {
        const struct sl_reference_layer *layer = &ref->layers[i];
        for (int p = 0; p < layer->plan->n_params; p++) {
            sluice_optimizer_call call =
                update_of(ref, &layer->params[p], NULL);
            ref->optimizer->apply(&call);
        }
    }
    ref->step++;
}

static sluice_status check_rows(int64_t rows, int64_t most, sluice_diag *why)
{
    if (rows < 1 || rows > most)
        return sluice_diag_set(why, SLUICE_INVALID, "%lld rows; give 1 to %lld",
                               (long long)rows, (long long)most);
    return SLUICE_OK;
}

/* Close a call: an error has a sentence, whoever caused it. */
static sluice_status explain(sluice_status st, const sluice_diag *own,
                             sluice_diag *why)
{
    if (st && why && own->status == st)
        *why = *own;
    else if (st)
        sluice_diag_set(why, st, "a layer, the loss or the optimizer failed");
    return st;
}

static sluice_result result_of(const struct sluice_reference *ref, double sum,
                               int64_t correct, int64_t rows)
{
    return (sluice_result){
        .loss = sum / ((double)rows * (double)ref->loss_plan.row_terms),
        .rows = rows,
        .correct = correct,
    };
}

sluice_status sluice_reference_step(sluice_reference *ref, const float *x,
                                    const void *targets, int64_t rows,
                                    sluice_result *result, sluice_diag *why)
{
    sluice_status st = check_rows(rows, ref->batch, why);
    if (st)
        return st;
    sluice_diag own = {0};
    struct mini mini = {
        .x = x,
        .targets = targets,
        .rows = rows,
        .training = true,
        .why = &own,
    };
    sl_blas_enter();
    st = run_forwards(ref, &mini);
    if (!st)
        st = run_backwards(ref, &mini);
    if (!st)
        st = prepare(ref, &own);
    if (!st)
        apply(ref);
    sl_blas_leave();
    if (!st && result)
        *result = result_of(ref, mini.sum, mini.correct, rows);
    return explain(st, &own, why);
}

/* The mini-batch of an evaluation or inference that starts at `row`. */
static struct mini part_of(const struct sluice_reference *ref, const float *x,
                           int64_t row, int64_t rows, sluice_diag *why)
{
    return (struct mini){
        .x = x + row * ref->layers[0].in,
        .rows = rows - row < ref->batch ? rows - row : ref->batch,
        .why = why,
    };
}

sluice_status sluice_reference_evaluate(sluice_reference *ref, const float *x,
                                        const void *targets, int64_t rows,
                                        sluice_result *result, sluice_diag *why)
{
    sluice_status st = check_rows(rows, INT64_MAX, why);
    if (st)
        return st;
    sluice_diag own = {0};
    double sum = 0;
    int64_t correct = 0;
    sl_blas_enter();
    for (int64_t row = 0; row < rows && !st; row += ref->batch) {
        struct mini mini = part_of(ref, x, row, rows, &own);
        mini.targets =
            (const char *)targets + row * ref->loss_plan.target_row_bytes;
        mini.sum = sum;
        mini.correct = correct;
        st = run_forwards(ref, &mini);
        sum = mini.sum;
        correct = mini.correct;
    }
    sl_blas_leave();
    if (!st && result)
        *result = result_of(ref, sum, correct, rows);
    return explain(st, &own, why);
}

sluice_status sluice_reference_infer(sluice_reference *ref, const float *x,
                                     int64_t rows, float *y, sluice_diag *why)
{
    sluice_status st = check_rows(rows, INT64_MAX, why);
    if (st)
        return st;
    sluice_diag own = {0};
    const struct sl_reference_layer *last = &ref->layers[ref->n_layers - 1];
    sl_blas_enter();
    for (int64_t row = 0; row < rows && !st; row += ref->batch) {
        struct mini mini = part_of(ref, x, row, rows, &own);
        st = run_forwards(ref, &mini);
        memcpy(y + row * last->out, last->y,
               (size_t)(mini.rows * last->out) * sizeof *y);
    }
    sl_blas_leave();
    return explain(st, &own, why);
}

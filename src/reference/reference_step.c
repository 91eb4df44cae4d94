/*
 * The sequential reference: what a step, an evaluation and an inference mean.
 *
 * Every order of micro-batches that decides bits is written out here as a plain
 * loop: that of the forwards, of the loss sums, of the backwards.
 */
#include "reference/reference.h"

#include <pthread.h>
#include <string.h>

#include "base/denormals.h"
#include "tensor/blas_threads.h"

/* How the caller's thread was before the reference computed on it. */
struct entry {
    int cancel_state;
    int n_threads; /* of OpenMP */
    uint64_t denormals;
};

/* The reference computes on this thread alone, to the end. */
static struct entry enter(void)
{
    struct entry entry;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &entry.cancel_state);
    sl_blas_enter();
    entry.n_threads = sl_gemm_one_thread();
    entry.denormals = sl_denormals_off();
    return entry;
}

static void leave(struct entry entry)
{
    sl_denormals_restore(entry.denormals);
    sl_gemm_restore_threads(entry.n_threads);
    sl_blas_leave();
    pthread_setcancelstate(entry.cancel_state, NULL);
}

/* Forward of all micro-batches in order, and their losses. */
static sluice_status run_forwards(struct sluice_reference *ref,
                                  struct sl_mini *mini)
{
    for (int i = 0; i < ref->replicas * ref->microbatches; i++) {
        struct sl_micro micro = sl_reference_micro(
            ref, mini->rows, i / ref->microbatches, i % ref->microbatches);
        if (!micro.rows)
            continue;
        double sum = 0;
        int64_t correct = 0;
        sluice_status st =
            sl_reference_forward(ref, mini, micro, &sum, &correct);
        if (st)
            return st;
        mini->sum += sum;
        mini->correct += correct;
    }
    return SLUICE_OK;
}

/* Backward of the micro-batches of a replica that go through a copy, in the
 * order asked for. */
static sluice_status run_copy(struct sluice_reference *ref,
                              const struct sl_mini *mini, int replica, int copy)
{
    bool accumulate = false;
    for (int i = 0; i < ref->microbatches; i++) {
        int m = ref->listed     ? ref->listed[i]
                : ref->in_order ? i
                                : ref->microbatches - 1 - i;
        struct sl_micro micro = sl_reference_micro(ref, mini->rows, replica, m);
        if (!micro.rows || (ref->copy && ref->copy[m] != copy))
            continue;
        sluice_status st = sl_reference_backward(ref, mini, micro, accumulate);
        if (st)
            return st;
        accumulate = true;
    }
    return SLUICE_OK;
}

void sl_reference_for_params(struct sluice_reference *ref,
                             void (*f)(struct sl_reference_param *param))
{
    for (int i = 0; i < ref->n_layers; i++)
        for (int p = 0; p < ref->layers[i].plan->n_params; p++)
            f(&ref->layers[i].params[p]);
}

void sl_reference_clear(struct sl_reference_param *param)
{
    memset(param->g, 0, (size_t)param->n * sizeof *param->g);
}

void sl_reference_keep(struct sl_reference_param *param)
{
    memcpy(param->sum, param->g, (size_t)param->n * sizeof *param->g);
}

void sl_reference_add(struct sl_reference_param *param)
{
    for (int64_t i = 0; i < param->n; i++)
        param->sum[i] += param->g[i];
}

void sl_reference_use_sum(struct sl_reference_param *param)
{
    memcpy(param->g, param->sum, (size_t)param->n * sizeof *param->g);
}

void sl_reference_add_tied(struct sl_reference_param *param)
{
    for (int64_t i = 0; i < param->n && param->first; i++)
        param->first->g[i] += param->g[i];
}

/* The gradients of all copies in all replicas, added up in their order. */
static sluice_status run_backwards(struct sluice_reference *ref,
                                   const struct sl_mini *mini)
{
    int n = ref->replicas * ref->copies;
    if (n == 1)
        return run_copy(ref, mini, 0, 0);
    for (int i = 0; i < n; i++) {
        sl_reference_for_params(ref,
                                sl_reference_clear); /* for one without rows */
        sluice_status st =
            run_copy(ref, mini, i / ref->copies, i % ref->copies);
        if (st)
            return st;
        sl_reference_for_params(ref, i ? sl_reference_add : sl_reference_keep);
    }
    sl_reference_for_params(ref, sl_reference_use_sum);
    return SLUICE_OK;
}

static sluice_status check_rows(int64_t rows, int64_t most, sluice_diag *why)
{
    if (rows < 1 || rows > most)
        return sluice_diag_set(why, SLUICE_INVALID, "%lld rows; give 1 to %lld",
                               (long long)rows, (long long)most);
    return SLUICE_OK;
}

/* Close a call: an error has a sentence, whether or not the layer, loss or
 * optimizer wrote one. */
static sluice_status explain(sluice_status st, const sluice_diag *own,
                             sluice_diag *why)
{
    if (st && own->status == st) /* the text may be a layer's */
        sluice_diag_set(why, st, "%.*s", SLUICE_DIAG_TEXT - 1, own->text);
    else if (st)
        sluice_diag_set(why, st, "a layer, the loss or the optimizer failed");
    return st;
}

static sluice_result result_of(double sum, int64_t correct, int64_t rows,
                               int64_t terms)
{
    return (sluice_result){
        .loss = terms ? sum / (double)terms : 0,
        .rows = rows,
        .correct = correct,
        .terms = terms,
    };
}

static sluice_status run_step(struct sluice_reference *ref,
                              struct sl_mini *mini)
{
    sluice_status st = run_forwards(ref, mini);
    if (!st)
        st = run_backwards(ref, mini);
    if (st)
        return st;
    sl_reference_for_params(ref, sl_reference_add_tied);
    if (!mini->terms)
        return SLUICE_OK;
    st = sl_reference_prepare(ref, ref->step, mini->why);
    if (!st)
        sl_reference_apply(ref, ref->step);
    return st;
}

sluice_status sluice_reference_step(sluice_reference *ref, const void *x,
                                    const void *targets, int64_t rows,
                                    sluice_result *result, sluice_diag *why)
{
    struct sl_micro all = {.rows = rows};
    int64_t terms;
    sluice_status st = check_rows(rows, ref->batch, why);
    if (!st)
        st = sl_reference_terms(ref, targets, all, &terms, why);
    if (st)
        return st;
    sluice_diag own = {0};
    struct sl_mini mini = {
        .x = x,
        .targets = targets,
        .rows = rows,
        .terms = terms,
        .training = true,
        .why = &own,
    };
    struct entry entry = enter();
    st = ref->versions ? sl_reference_run_versions(ref, &mini)
                       : run_step(ref, &mini);
    leave(entry);
    if (!st)
        ref->step++;
    if (!st && result)
        *result = result_of(mini.sum, mini.correct, rows, terms);
    return explain(st, &own, why);
}

/* The mini-batch of an evaluation or inference that starts at `row`. */
static struct sl_mini part_of(const struct sluice_reference *ref, const void *x,
                              int64_t row, int64_t rows, sluice_diag *why)
{
    return (struct sl_mini){
        .x = (const char *)x + row * ref->input_row_bytes,
        .rows = rows - row < ref->batch ? rows - row : ref->batch,
        .why = why,
    };
}

sluice_status sluice_reference_evaluate(sluice_reference *ref, const void *x,
                                        const void *targets, int64_t rows,
                                        sluice_result *result, sluice_diag *why)
{
    struct sl_micro all = {.rows = rows};
    int64_t terms;
    sluice_status st = check_rows(rows, INT64_MAX, why);
    if (!st)
        st = sl_reference_terms(ref, targets, all, &terms, why);
    if (st)
        return st;
    sluice_diag own = {0};
    double sum = 0;
    int64_t correct = 0;
    struct entry entry = enter();
    for (int64_t row = 0; row < rows && !st; row += ref->batch) {
        struct sl_mini mini = part_of(ref, x, row, rows, &own);
        mini.targets =
            (const char *)targets + row * ref->loss_plan.target_row_bytes;
        mini.sum = sum;
        mini.correct = correct;
        st = run_forwards(ref, &mini);
        sum = mini.sum;
        correct = mini.correct;
    }
    leave(entry);
    if (!st && result)
        *result = result_of(sum, correct, rows, terms);
    return explain(st, &own, why);
}

sluice_status sluice_reference_infer(sluice_reference *ref, const void *x,
                                     int64_t rows, float *y, sluice_diag *why)
{
    sluice_status st = check_rows(rows, INT64_MAX, why);
    if (st)
        return st;
    sluice_diag own = {0};
    const struct sl_reference_layer *last = &ref->layers[ref->n_layers - 1];
    struct entry entry = enter();
    for (int64_t row = 0; row < rows && !st; row += ref->batch) {
        struct sl_mini mini = part_of(ref, x, row, rows, &own);
        st = run_forwards(ref, &mini);
        memcpy(y + row * last->out, last->y,
               (size_t)(mini.rows * last->out) * sizeof *y);
    }
    leave(entry);
    return explain(st, &own, why);
}

/* Softmax cross-entropy.  The device of the last stage. */
#include <sluice/loss.h>

#include <inttypes.h>
#include <math.h>

#include "tensor/softmax.h"

static sluice_status infer(sluice_loss_plan *plan, sluice_diag *why)
{
    int64_t classes = sluice_shape_elements(&plan->out);
    if (classes < 1 || classes > INT32_MAX)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "cross_entropy: a network with %" PRId64
                               " outputs; 1 to %" PRId32
                               " classes are possible",
                               classes, INT32_MAX);
    plan->row_terms = 1;
    plan->target_row_bytes = sizeof(int32_t);
    plan->target_type = SLUICE_I32;
    plan->classes = classes;
    plan->counts_correct = true;
    return SLUICE_OK;
}

static sluice_status check_labels(const sluice_loss_call *call, int64_t classes)
{
    const int32_t *labels = call->targets;
    for (int64_t r = 0; r < call->rows; r++)
        if (labels[r] < 0 || labels[r] >= classes)
            return sluice_diag_set(call->why, SLUICE_INVALID,
                                   "cross_entropy: row %" PRId64
                                   " of the micro-batch has label %" PRId32
                                   ", but there are %" PRId64
                                   " classes, from 0",
                                   r, labels[r], classes);
    return SLUICE_OK;
}

static sluice_status forward(const sluice_loss_call *call, double *sum,
                             int64_t *correct)
{
    const int32_t *labels = call->targets;
    int64_t classes = sluice_shape_elements(&call->plan->out);
    sluice_status st = check_labels(call, classes);
    if (st)
        return st;
    double total = 0;
    int64_t hits = 0;
    for (int64_t r = 0; r < call->rows; r++) {
        const float *y = call->y + r * classes;
        struct sl_softmax row = sl_softmax_row(classes, y);
        /* The difference first: it is exact where the sum would round away
         * log(sum). */
        total += log(row.sum) + ((double)row.largest - (double)y[labels[r]]);
        hits += row.at == labels[r] && !isnan(row.sum);
    }
    *sum = total;
    *correct = hits;
    return SLUICE_OK;
}

/* dy = scale * (softmax(y) - onehot(label)) */
static sluice_status backward(const sluice_loss_call *call, float scale,
                              float *dy)
{
    const int32_t *labels = call->targets;
    int64_t classes = sluice_shape_elements(&call->plan->out);
    sluice_status st = check_labels(call, classes);
    if (st)
        return st;
    for (int64_t r = 0; r < call->rows; r++) {
        const float *y = call->y + r * classes;
        float *row = dy + r * classes;
        sl_softmax_scaled(classes, y, sl_softmax_row(classes, y), scale, row);
        row[labels[r]] -= scale;
    }
    return SLUICE_OK;
}

static const sluice_loss_ops cross_entropy = {
    .name = "cross_entropy",
    .help = "softmax cross-entropy, of class labels",
    .infer = infer,
    .forward = forward,
    .backward = backward,
};

const sluice_loss_ops *sluice_cross_entropy(void)
{
    return &cross_entropy;
}

/* Softmax cross-entropy.  The device of the last stage. */
#include <sluice/loss.h>

#include <inttypes.h>
#include <math.h>
#include <stddef.h>

#include "tensor/softmax.h"

static const sluice_option options[] = {
    {
        .name = "label-smoothing",
        .help = "share of the target that all classes have in equal parts",
        .type = SLUICE_OPTION_REAL,
        .offset = offsetof(sluice_cross_entropy_config, label_smoothing),
        .bytes = sizeof(double),
        .max = 1,
    },
};

static double smoothing_of(const sluice_loss_plan *plan)
{
    const sluice_cross_entropy_config *config = plan->config;
    return config->label_smoothing;
}

static sluice_status infer(sluice_loss_plan *plan, sluice_diag *why)
{
    int64_t classes = sluice_shape_elements(&plan->out);
    if (classes < 1 || classes > INT32_MAX)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "cross_entropy: a network with %" PRId64
                               " outputs; 1 to %" PRId32
                               " classes are possible",
                               classes, INT32_MAX);
    double smoothing = smoothing_of(plan);
    if (!(smoothing >= 0 && smoothing <= 1))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "cross_entropy: a label-smoothing of %g; it "
                               "must be from 0 to 1",
                               smoothing);
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

/* The mean over all classes of largest - y.  The differences are added up, not
 * y itself: the sum of large numbers would round them away. */
static double mean_below(int64_t classes, const float *y, float largest)
{
    double sum = 0;
    for (int64_t j = 0; j < classes; j++)
        sum += (double)largest - (double)y[j];
    return sum / (double)classes;
}

static double term(int64_t classes, const float *y, struct sl_softmax row,
                   int32_t label, double smoothing)
{
    /* The difference first: it is exact where the sum would round away
     * log(sum). */
    double below = (double)row.largest - (double)y[label];
    if (smoothing > 0)
        below = (1 - smoothing) * below +
                smoothing * mean_below(classes, y, row.largest);
    return log(row.sum) + below;
}

static sluice_status forward(const sluice_loss_call *call, double *sum,
                             int64_t *correct)
{
    const int32_t *labels = call->targets;
    int64_t classes = sluice_shape_elements(&call->plan->out);
    sluice_status st = check_labels(call, classes);
    if (st)
        return st;
    double smoothing = smoothing_of(call->plan);
    double total = 0;
    int64_t hits = 0;
    for (int64_t r = 0; r < call->rows; r++) {
        const float *y = call->y + r * classes;
        struct sl_softmax row = sl_softmax_row(classes, y);
        total += term(classes, y, row, labels[r], smoothing);
        hits += row.at == labels[r] && !isnan(row.sum);
    }
    *sum = total;
    *correct = hits;
    return SLUICE_OK;
}

/* dy = scale * (softmax(y) - q), q the target of sluice/loss.h. */
static sluice_status backward(const sluice_loss_call *call, float scale,
                              float *dy)
{
    const int32_t *labels = call->targets;
    int64_t classes = sluice_shape_elements(&call->plan->out);
    sluice_status st = check_labels(call, classes);
    if (st)
        return st;
    double smoothing = smoothing_of(call->plan);
    double share = smoothing / (double)classes;
    float elsewhere = (float)(share * (double)scale);
    float at_label = (float)((1 - smoothing + share) * (double)scale);
    for (int64_t r = 0; r < call->rows; r++) {
        const float *y = call->y + r * classes;
        float *row = dy + r * classes;
        sl_softmax_scaled(classes, y, sl_softmax_row(classes, y), scale, row);
        float own = row[labels[r]] - at_label; /* rounded once */
        for (int64_t j = 0; j < classes && smoothing > 0; j++)
            row[j] -= elsewhere;
        row[labels[r]] = own;
    }
    return SLUICE_OK;
}

static const sluice_loss_ops cross_entropy = {
    .name = "cross_entropy",
    .config_bytes = sizeof(sluice_cross_entropy_config),
    .help = "softmax cross-entropy, of class labels",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .infer = infer,
    .forward = forward,
    .backward = backward,
};

const sluice_loss_ops *sluice_cross_entropy(void)
{
    return &cross_entropy;
}

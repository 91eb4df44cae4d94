/* Softmax cross-entropy.  The device of the last stage. */
#include <sluice/loss.h>

#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "nn/losses/class_part.h"
#include "tensor/softmax.h"

enum { IGNORE = -100 }; /* unless another label is to be ignored */

static const sluice_option options[] = {
    {
        .name = "label-smoothing",
        .help = "share of the target that all classes have in equal parts",
        .type = SLUICE_OPTION_REAL,
        .offset = offsetof(sluice_cross_entropy_config, label_smoothing),
        .bytes = sizeof(double),
        .max = 1,
    },
    {
        .name = "ignore",
        .help = "label, below 0, whose term does not count",
        .type = SLUICE_OPTION_INTEGER,
        .offset = offsetof(sluice_cross_entropy_config, ignore),
        .bytes = sizeof(int64_t),
        .preset = IGNORE,
        .min = INT32_MIN,
        .max = -1,
    },
    {
        .name = "classes",
        .short_name = "padded",
        .help = "outputs that are classes, the others being padding; 0: all",
        .type = SLUICE_OPTION_INTEGER,
        .offset = offsetof(sluice_cross_entropy_config, classes),
        .bytes = sizeof(int64_t),
        .max = INT32_MAX,
    },
};

/* What infer() reads if it is given no config. */
static const sluice_cross_entropy_config defaults;

/* What a call's loops need. */
struct classification {
    int64_t positions; /* of all rows */
    int64_t outputs;   /* of one position */
    int64_t classes;   /* among them, from the first on */
    int32_t ignored;
    double smoothing;
    const int32_t *labels; /* labels[positions] */
};

static int64_t last_dim(const sluice_shape *out)
{
    return out->n_dims > 0 ? out->dims[out->n_dims - 1] : 1;
}

static struct classification of_call(const sluice_loss_call *call)
{
    const sluice_loss_plan *plan = call->plan;
    const sluice_cross_entropy_config *config = plan->config;
    return (struct classification){
        .positions = call->rows * plan->row_terms,
        .outputs = last_dim(&plan->out),
        .classes = plan->classes,
        .ignored = (int32_t)plan->ignored,
        .smoothing = config->label_smoothing,
        .labels = call->targets,
    };
}

static sluice_status check_config(const sluice_cross_entropy_config *config,
                                  int64_t outputs, sluice_diag *why)
{
    if (!(config->label_smoothing >= 0 && config->label_smoothing <= 1))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "cross_entropy: a label-smoothing of %g; it "
                               "must be from 0 to 1",
                               config->label_smoothing);
    if (config->ignore > 0 || config->ignore < INT32_MIN)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "cross_entropy: label %" PRId64
                               " cannot be ignored; give one below 0, and "
                               "store it in the targets",
                               config->ignore);
    if (config->classes < 0 || config->classes > outputs)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "cross_entropy: %" PRId64 " classes, but a "
                               "position has %" PRId64 " outputs; give at most "
                               "as many, or 0 for all",
                               config->classes, outputs);
    return SLUICE_OK;
}

static sluice_status infer(sluice_loss_plan *plan, sluice_diag *why)
{
    if (!plan->config)
        plan->config = &defaults;
    const sluice_cross_entropy_config *config = plan->config;
    int64_t elements = sluice_shape_elements(&plan->out);
    int64_t outputs = last_dim(&plan->out);
    if (elements < 1 || outputs > INT32_MAX)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "cross_entropy: a network with %" PRId64
                               " outputs; 1 to %" PRId32
                               " classes are possible",
                               elements < 1 ? elements : outputs, INT32_MAX);
    sluice_status st = check_config(config, outputs, why);
    if (st)
        return st;
    plan->row_terms = elements / outputs;
    plan->target_row_bytes = plan->row_terms * (int64_t)sizeof(int32_t);
    plan->target_type = SLUICE_I32;
    plan->classes = config->classes ? config->classes : outputs;
    plan->ignored = config->ignore ? config->ignore : IGNORE;
    plan->counts_correct = true;
    return SLUICE_OK;
}

static int64_t terms(const sluice_loss_plan *plan, const void *targets,
                     int64_t rows)
{
    const int32_t *labels = targets;
    int64_t n = 0;
    for (int64_t i = 0; i < rows * plan->row_terms; i++)
        n += labels[i] != (int32_t)plan->ignored;
    return n;
}

static sluice_status refuse_label(const sluice_loss_call *call, int64_t i)
{
    const struct classification c = of_call(call);
    int64_t each = call->plan->row_terms;
    char position[40] = "";
    if (each > 1)
        snprintf(position, sizeof position, ", position %" PRId64, i % each);
    return sluice_diag_set(
        call->why, SLUICE_INVALID,
        "cross_entropy: row %" PRId64 " of the micro-batch%s has label %" PRId32
        ", but there are %" PRId64 " classes, from 0; label %" PRId32
        " is ignored",
        i / each, position, c.labels[i], c.classes, c.ignored);
}

static sluice_status check_labels(const sluice_loss_call *call)
{
    const struct classification c = of_call(call);
    for (int64_t i = 0; i < c.positions; i++)
        if (c.labels[i] != c.ignored &&
            (c.labels[i] < 0 || c.labels[i] >= c.classes))
            return refuse_label(call, i);
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

static double term(const struct classification *c, const float *y,
                   struct sl_softmax row, int32_t label)
{
    /* The difference first: it is exact where the sum would round away
     * log(sum). */
    double below = (double)row.largest - (double)y[label];
    if (c->smoothing > 0)
        below = (1 - c->smoothing) * below +
                c->smoothing * mean_below(c->classes, y, row.largest);
    return log(row.sum) + below;
}

static sluice_status forward(const sluice_loss_call *call, double *sum,
                             int64_t *correct)
{
    const struct classification c = of_call(call);
    sluice_status st = check_labels(call);
    if (st)
        return st;
    double total = 0;
    int64_t hits = 0;
    for (int64_t i = 0; i < c.positions; i++) {
        if (c.labels[i] == c.ignored)
            continue;
        const float *y = call->y + i * c.outputs;
        struct sl_softmax row = sl_softmax_row(c.classes, y);
        total += term(&c, y, row, c.labels[i]);
        hits += row.at == c.labels[i] && !isnan(row.sum);
    }
    *sum = total;
    *correct = hits;
    return SLUICE_OK;
}

/* dy = scale * (softmax(y) - q), q the target of sluice/loss.h. */
static void gradient(const struct classification *c, const float *y,
                     int32_t label, float scale, float *dy)
{
    double share = c->smoothing / (double)c->classes;
    float elsewhere = (float)(share * (double)scale);
    float at_label = (float)((1 - c->smoothing + share) * (double)scale);
    sl_softmax_scaled(c->classes, y, sl_softmax_row(c->classes, y), scale, dy);
    float own = dy[label] - at_label; /* rounded once */
    for (int64_t j = 0; j < c->classes && c->smoothing > 0; j++)
        dy[j] -= elsewhere;
    dy[label] = own;
}

static void zeros(float *dy, int64_t n)
{
    memset(dy, 0, (size_t)n * sizeof *dy);
}

static sluice_status backward(const sluice_loss_call *call, float scale,
                              float *dy)
{
    const struct classification c = of_call(call);
    sluice_status st = check_labels(call);
    if (st)
        return st;
    for (int64_t i = 0; i < c.positions; i++) {
        float *row = dy + i * c.outputs;
        if (c.labels[i] == c.ignored) {
            zeros(row, c.outputs);
            continue;
        }
        gradient(&c, call->y + i * c.outputs, c.labels[i], scale, row);
        zeros(row + c.classes, c.outputs - c.classes);
    }
    return SLUICE_OK;
}

static const sluice_loss_ops cross_entropy = {
    .name = "cross_entropy",
    .config_bytes = sizeof(sluice_cross_entropy_config),
    .help = "softmax cross-entropy, of class labels, one for each position",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .terms = terms,
    .part = &sl_cross_entropy_part,
};

const sluice_loss_ops *sluice_cross_entropy(void)
{
    return &cross_entropy;
}

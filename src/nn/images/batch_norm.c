/*
 * Batch normalization.  The stage's device.
 *
 * Training normalizes by the statistics of the micro-batch.  What evaluation
 * uses are parameters that are statistics (sluice/layer.h): their gradients are
 * sums over micro-batches, and update_statistics() makes the running mean and
 * variance of the mini-batch from them.
 *
 * The activation is applied, and its gradient taken, plane by plane while the
 * plane is in the first cache: as a layer of its own it would read and write
 * the whole micro-batch once more.  What it was applied to is not kept, and is
 * calculated again from x.
 */
#include <sluice/image_layers.h>

#include <math.h>

#include "nn/images/image.h"
#include "nn/layers/activation.h"
#include "nn/layers/norm.h"
#include "nn/layers/positions.h"
#include "nn/rows/given.h"
#include "nn/team/team.h"
#include "tensor/planes/plane_norm.h"
#include "tensor/planes/plane_sums.h"

/* The sums are, over the rows of a channel: of the means, of the means of the
 * squares, and the number of rows. */
enum { WEIGHT, BIAS, RUNNING_MEAN, RUNNING_VAR, BATCHES, N_PARAMS };

/* Of a channel in a micro-batch; they lie in `saved` of its first row. */
struct channel {
    float mean;
    float variance;
    float sum; /* of dy, and of dy * (x - mean): from backward_input() on */
    float dot;
};

static const sluice_option options[] = {
    {
        .name = "momentum",
        .help = "share of the newest statistics in the running ones",
        .type = SLUICE_OPTION_REAL,
        .offset = offsetof(sluice_batch_norm_config, momentum),
        .bytes = sizeof(float),
        .preset = 0.1,
        .max = 1,
    },
    SL_OPTION_NORM_EPSILON(sluice_batch_norm_config, "the variance"),
    {
        .name = "activation",
        .help = "what is applied to each element",
        .type = SLUICE_OPTION_CHOICE,
        .offset = offsetof(sluice_batch_norm_config, activation),
        .bytes = sizeof(sluice_activation),
        .choice = sl_activation_word,
    },
};

/* An image, or a vector of channels with a plane of one element each. */
static struct sl_image image_of(const sluice_shape *in)
{
    if (in->n_dims == 1)
        return (struct sl_image){in->dims[0], 1, 1};
    return sl_image_of(in);
}

static sluice_status check(const sluice_batch_norm_config *norm,
                           const sluice_shape *in, sluice_diag *why)
{
    if (!(norm->momentum >= 0 && norm->momentum <= 1))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "batch_norm: momentum %g; it must be from 0 to "
                               "1",
                               (double)norm->momentum);
    if (!sl_activation_get(norm->activation))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "batch_norm: %d is not a sluice_activation",
                               (int)norm->activation);
    sluice_status st = sl_norm_check_epsilon("batch_norm", norm->epsilon, why);
    if (st || in->n_dims == 1)
        return st;
    return sl_image_check("batch_norm", in, why);
}

static void set_params(sluice_layer_plan *plan)
{
    int64_t channels = image_of(&plan->in).channels;
    plan->out = plan->in;
    plan->n_params = N_PARAMS;
    sl_image_norm_params(channels, plan->params);
    plan->params[RUNNING_MEAN] = (sluice_param_spec){
        .name = "running_mean",
        .shape = sluice_shape_vector(channels),
        .statistic = true,
    };
    plan->params[RUNNING_VAR] = (sluice_param_spec){
        .name = "running_var",
        .shape = sluice_shape_vector(channels),
        .init = SLUICE_INIT_ONE,
        .statistic = true,
    };
    plan->params[BATCHES] = (sluice_param_spec){
        .name = "num_batches_tracked",
        .shape = sluice_shape_vector(1),
        .statistic = true,
    };
}

/* What is kept of a row, and the room for a plane of z. */
static void set_costs(const sluice_batch_norm_config *norm,
                      sluice_layer_plan *plan)
{
    struct sl_image image = image_of(&plan->in);
    int64_t n = sluice_shape_elements(&plan->in);
    int64_t flops = sl_activation_get(norm->activation)->flops;
    plan->needs_x = true;
    plan->saved_row_bytes =
        sl_size_times(image.channels, sizeof(struct channel));
    if (norm->activation != SLUICE_IDENTITY)
        plan->scratch_bytes =
            sl_size_times(sl_image_plane(image), sizeof(float));
    plan->forward_row_flops = sl_size_times(n, 8 + flops);
    plan->input_row_flops = sl_size_times(n, 12 + flops);
}

static sluice_status infer(const void *config, sluice_layer_plan *plan,
                           sluice_diag *why)
{
    sluice_status given = sl_layer_given("batch_norm", config, plan, why);
    if (given)
        return given;
    sluice_status st = check(config, &plan->in, why);
    if (st)
        return st;
    set_params(plan);
    set_costs(config, plan);
    return SLUICE_OK;
}

/* The planes of a channel lie `stride` apart.  A team divides the channels, of
 * which a device works those from `first` to before `end`. */
struct planes {
    int64_t rows;
    int64_t first;
    int64_t end;
    int64_t n; /* elements of a plane */
    int64_t stride;
    double all; /* elements of a channel in the micro-batch */
};

static struct planes planes_of(const sluice_layer_call *call)
{
    struct sl_image image = image_of(&call->plan->in);
    struct sl_rows own = sl_team_share(call, image.channels);
    int64_t n = sl_image_plane(image);
    return (struct planes){
        .rows = call->rows,
        .first = own.first,
        .end = own.first + own.n,
        .n = n,
        .stride = image.channels * n,
        .all = (double)call->rows * (double)n,
    };
}

static float scale_of(const void *config, float variance)
{
    const sluice_batch_norm_config *norm = config;
    double epsilon = sl_norm_epsilon(norm->epsilon);
    return (float)(1 / sqrt((double)variance + epsilon));
}

static struct channel measure(const struct planes *planes, const float *x)
{
    double sum = 0, squares = 0;
    for (int64_t r = 0; r < planes->rows; r++)
        sum += sl_plane_sum(planes->n, x + r * planes->stride);
    float mean = (float)(sum / planes->all);
    for (int64_t r = 0; r < planes->rows; r++)
        squares += sl_plane_squares(planes->n, x + r * planes->stride, mean);
    return (struct channel){
        .mean = mean,
        .variance = (float)(squares / planes->all),
    };
}

/* z = (x - mean) * scale + bias, to which the activation is applied. */
struct line {
    float mean;
    float scale;
    float bias;
};

static struct line line_of(const sluice_layer_call *call, int64_t c,
                           struct channel m)
{
    return (struct line){
        m.mean,
        scale_of(call->config, m.variance) * call->params[WEIGHT][c],
        call->params[BIAS][c],
    };
}

static const struct sl_activation *activation_of(const sluice_layer_call *call)
{
    const sluice_batch_norm_config *norm = call->config;
    return norm->activation == SLUICE_IDENTITY
               ? NULL
               : sl_activation_get(norm->activation);
}

static sluice_status forward(const sluice_layer_call *call)
{
    const struct sl_activation *act = activation_of(call);
    struct planes planes = planes_of(call);
    struct channel *saved = call->saved;
    for (int64_t c = planes.first; c < planes.end; c++) {
        const float *x = call->x + c * planes.n;
        struct channel m = {
            .mean = call->params[RUNNING_MEAN][c],
            .variance = call->params[RUNNING_VAR][c],
        };
        if (call->training)
            m = saved[c] = measure(&planes, x);
        struct line line = line_of(call, c, m);
        for (int64_t r = 0; r < planes.rows; r++) {
            float *y = call->y + c * planes.n + r * planes.stride;
            sl_plane_normalize(planes.n, x + r * planes.stride, line.mean,
                               line.scale, line.bias, y);
            if (act)
                act->forward(1, planes.n, y, NULL, NULL, y);
        }
    }
    return SLUICE_OK;
}

/* dy of a plane becomes that of z. */
static void turn_back(const struct sl_activation *act, struct line line,
                      int64_t n, const float *x, float *z, float *dy)
{
    sl_plane_normalize(n, x, line.mean, line.scale, line.bias, z);
    if (act->from_y)
        act->forward(1, n, z, NULL, NULL, z);
    act->backward(n, z, dy, dy);
}

/* dx = w scale (dy - mean(dy) - h mean(dy h)) with h = (x - mean) scale. */
static struct sl_plane_slope slope_of(struct channel m, double scale,
                                      double weight, double n)
{
    return (struct sl_plane_slope){
        .of_dy = (float)(weight * scale),
        .of_x = (float)(-weight * scale * scale * scale * (double)m.dot / n),
        .constant = (float)(-weight * scale * (double)m.sum / n),
    };
}

static sluice_status backward_input(const sluice_layer_call *call)
{
    const struct sl_activation *act = activation_of(call);
    struct planes planes = planes_of(call);
    struct channel *saved = call->saved;
    for (int64_t c = planes.first; c < planes.end; c++) {
        struct channel *m = &saved[c];
        double sum = 0, dot = 0;
        for (int64_t r = 0; r < planes.rows; r++) {
            int64_t at = c * planes.n + r * planes.stride;
            if (act)
                turn_back(act, line_of(call, c, *m), planes.n, call->x + at,
                          call->scratch, call->dy + at);
            sum += sl_plane_sum(planes.n, call->dy + at);
            dot += sl_plane_dot(planes.n, call->x + at, m->mean, call->dy + at);
        }
        m->sum = (float)sum;
        m->dot = (float)dot;
        struct sl_plane_slope slope =
            slope_of(*m, (double)scale_of(call->config, m->variance),
                     (double)call->params[WEIGHT][c], planes.all);
        for (int64_t r = 0; call->dx && r < planes.rows; r++) {
            int64_t at = c * planes.n + r * planes.stride;
            sl_plane_gradient(planes.n, slope, call->x + at, m->mean,
                              call->dy + at, call->dx + at);
        }
    }
    return SLUICE_OK;
}

static void accumulate(const sluice_layer_call *call, int p, int64_t c,
                       double term)
{
    float *g = &call->grads[p][c];
    *g = (call->accumulate ? *g : 0) + (float)term;
}

static sluice_status backward_weight(const sluice_layer_call *call)
{
    struct planes planes = planes_of(call);
    const struct channel *saved = call->saved;
    double rows = (double)call->rows;
    for (int64_t c = planes.first; c < planes.end; c++) {
        double mean = (double)saved[c].mean;
        double scale = (double)scale_of(call->config, saved[c].variance);
        accumulate(call, WEIGHT, c, scale * (double)saved[c].dot);
        accumulate(call, BIAS, c, (double)saved[c].sum);
        accumulate(call, RUNNING_MEAN, c, rows * mean);
        accumulate(call, RUNNING_VAR, c,
                   rows * ((double)saved[c].variance + mean * mean));
    }
    if (planes.first == 0 && planes.end > 0)
        accumulate(call, BATCHES, 0, rows);
    return SLUICE_OK;
}

static float moved(double momentum, float from, double to)
{
    return (float)((1 - momentum) * (double)from + momentum * to);
}

/* The running variance is that of a sample, with n - 1 in the denominator. */
static void update_statistics(const sluice_statistics_call *call)
{
    const sluice_batch_norm_config *norm = call->config;
    struct sl_image image = image_of(&call->plan->in);
    double momentum = (double)norm->momentum;
    double rows = (double)call->sums[BATCHES][0];
    double n = rows * (double)sl_image_plane(image);
    if (!(rows > 0))
        return;
    for (int64_t c = 0; c < image.channels; c++) {
        double mean = (double)call->sums[RUNNING_MEAN][c] / rows;
        double square = (double)call->sums[RUNNING_VAR][c] / rows;
        double variance = fmax(square - mean * mean, 0) * n / fmax(n - 1, 1);
        float *running = &call->params[RUNNING_MEAN][c];
        *running = moved(momentum, *running, mean);
        running = &call->params[RUNNING_VAR][c];
        *running = moved(momentum, *running, variance);
    }
    call->params[BATCHES][0]++;
}

static const sluice_layer_ops batch_norm_ops = {
    .name = "batch_norm",
    .config_bytes = sizeof(sluice_batch_norm_config),
    .help = "planes with mean 0 and variance 1 over a micro-batch",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .infer = infer,
    .forward = forward,
    .backward_input = backward_input,
    .backward_weight = backward_weight,
    .update_statistics = update_statistics,
    .team = SLUICE_TEAM_SHARES,
};

const sluice_layer_ops *sluice_batch_norm(void)
{
    return &batch_norm_ops;
}

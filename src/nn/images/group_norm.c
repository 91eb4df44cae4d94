/* Group normalization.  The stage's device. */
#include <sluice/image_layers.h>

#include <inttypes.h>
#include <math.h>

#include "nn/images/image.h"
#include "nn/layers/norm.h"
#include "nn/layers/positions.h"
#include "nn/rows/given.h"
#include "nn/team/team.h"
#include "tensor/kernels/operands.h"
#include "tensor/planes/plane_norm.h"
#include "tensor/planes/plane_sums.h"

enum { WEIGHT, BIAS };

static const sluice_option options[] = {
    {
        .name = "groups",
        .help = "parts of the channels, each normalized for itself",
        .type = SLUICE_OPTION_INTEGER,
        .offset = offsetof(sluice_group_norm_config, groups),
        .bytes = sizeof(int64_t),
        .required = true,
        .min = 1,
        .max = INT32_MAX,
    },
    SL_OPTION_NORM_EPSILON(sluice_group_norm_config, "the variance"),
};

static sluice_status infer(const void *config, sluice_layer_plan *plan,
                           sluice_diag *why)
{
    sluice_status given = sl_layer_given("group_norm", config, plan, why);
    if (given)
        return given;
    const sluice_group_norm_config *norm = config;
    sluice_status st = sl_image_check("group_norm", &plan->in, why);
    if (st)
        return st;
    int64_t channels = sl_image_of(&plan->in).channels;
    if (norm->groups < 1 || channels % norm->groups)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "group_norm: %" PRId64
                               " groups; their number must divide the %" PRId64
                               " channels of its input",
                               norm->groups, channels);
    st = sl_norm_check_epsilon("group_norm", norm->epsilon, why);
    if (st)
        return st;
    int64_t n = sluice_shape_elements(&plan->in);
    sl_image_norm_params(channels, plan->params);
    plan->n_params = 2;
    plan->out = plan->in;
    plan->needs_x = true;
    plan->saved_row_bytes =
        sl_size_times(norm->groups, sizeof(struct sl_moments));
    plan->forward_row_flops = sl_size_times(n, 8);
    plan->input_row_flops = sl_size_times(n, 12);
    plan->weight_row_flops = sl_size_times(n, 5);
    return SLUICE_OK;
}

/* Groups of a micro-batch, one after the other.  A team divides them; the
 * gradients of weight and bias it divides by channels, each a sum over all
 * rows. */
struct groups {
    int64_t n;        /* of all rows */
    int64_t per_row;  /* of one */
    int64_t channels; /* of a group */
    int64_t plane;    /* elements of a channel */
};

static struct groups groups_of(const sluice_layer_call *call)
{
    const sluice_group_norm_config *norm = call->config;
    struct sl_image image = sl_image_of(&call->plan->in);
    return (struct groups){
        .n = call->rows * norm->groups,
        .per_row = norm->groups,
        .channels = image.channels / norm->groups,
        .plane = sl_image_plane(image),
    };
}

static struct sl_moments measure(const sluice_layer_call *call, int64_t n,
                                 const float *x)
{
    const sluice_group_norm_config *norm = call->config;
    double epsilon = sl_norm_epsilon(norm->epsilon);
    float mean = (float)(sl_plane_sum(n, x) / (double)n);
    double variance = sl_plane_squares(n, x, mean) / (double)n;
    return (struct sl_moments){mean, (float)(1 / sqrt(variance + epsilon))};
}

static sluice_status forward(const sluice_layer_call *call)
{
    struct groups g = groups_of(call);
    struct sl_moments *moments = call->saved;
    struct sl_rows own = sl_team_vectors(call, g.n);
    const float *x = call->x + own.first * g.channels * g.plane;
    float *y = call->y + own.first * g.channels * g.plane;
    for (int64_t i = own.first; i < own.first + own.n; i++) {
        moments[i] = measure(call, g.channels * g.plane, x);
        for (int64_t k = 0; k < g.channels; k++) {
            int64_t c = i % g.per_row * g.channels + k;
            sl_plane_normalize(g.plane, x, moments[i].mean,
                               moments[i].scale * call->params[WEIGHT][c],
                               call->params[BIAS][c], y);
            x += g.plane;
            y += g.plane;
        }
    }
    return SLUICE_OK;
}

/* Of one group: dx = scale * (dy w - mean(dy w) - h mean(dy w h)) with h =
 * (x - mean) scale. */
static void group_gradient(const struct groups *g, struct sl_moments moments,
                           const float *weight, const float *x, const float *dy,
                           float *dx)
{
    double n = (double)(g->channels * g->plane);
    double scale = (double)moments.scale, sum = 0, dot = 0;
    for (int64_t k = 0; k < g->channels; k++) {
        double w = (double)weight[k];
        sum += w * sl_plane_sum(g->plane, dy + k * g->plane);
        dot += w * sl_plane_dot(g->plane, x + k * g->plane, moments.mean,
                                dy + k * g->plane);
    }
    struct sl_plane_slope slope = {
        .of_x = (float)(-scale * scale * scale * dot / n),
        .constant = (float)(-scale * sum / n),
    };
    for (int64_t k = 0; k < g->channels; k++) {
        slope.of_dy = moments.scale * weight[k];
        sl_plane_gradient(g->plane, slope, x + k * g->plane, moments.mean,
                          dy + k * g->plane, dx + k * g->plane);
    }
}

static sluice_status backward_input(const sluice_layer_call *call)
{
    struct groups g = groups_of(call);
    const struct sl_moments *moments = call->saved;
    struct sl_rows own = sl_team_vectors(call, g.n);
    int64_t n = g.channels * g.plane;
    for (int64_t i = own.first; call->dx && i < own.first + own.n; i++)
        group_gradient(&g, moments[i],
                       call->params[WEIGHT] + i % g.per_row * g.channels,
                       call->x + i * n, call->dy + i * n, call->dx + i * n);
    return SLUICE_OK;
}

static sluice_status backward_weight(const sluice_layer_call *call)
{
    struct groups g = groups_of(call);
    const struct sl_moments *moments = call->saved;
    int64_t channels = g.channels * g.per_row;
    struct sl_rows own = sl_team_share(call, channels);
    float *dweight = call->grads[WEIGHT];
    for (int64_t c = own.first; c < own.first + own.n; c++) {
        double sum = 0;
        for (int64_t r = 0; r < call->rows; r++) {
            struct sl_moments m = moments[r * g.per_row + c / g.channels];
            int64_t at = (r * channels + c) * g.plane;
            sum += (double)m.scale *
                   sl_plane_dot(g.plane, call->x + at, m.mean, call->dy + at);
        }
        dweight[c] = (call->accumulate ? dweight[c] : 0) + (float)sum;
    }
    sl_plane_sums(call->rows, own.n, g.plane, call->dy + own.first * g.plane,
                  channels * g.plane, call->accumulate,
                  call->grads[BIAS] + own.first);
    return SLUICE_OK;
}

static const sluice_layer_ops group_norm_ops = {
    .name = "group_norm",
    .config_bytes = sizeof(sluice_group_norm_config),
    .help = "groups of planes of each image with mean 0 and variance 1",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .infer = infer,
    .forward = forward,
    .backward_input = backward_input,
    .backward_weight = backward_weight,
    .team = SLUICE_TEAM_SHARES,
};

const sluice_layer_ops *sluice_group_norm(void)
{
    return &group_norm_ops;
}

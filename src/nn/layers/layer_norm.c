/* Layer normalization.  The stage's device. */
#include <sluice/layer.h>

#include <math.h>

enum { WEIGHT, BIAS };
enum { BLOCK = 64 }; /* columns at a time in the weight gradient */

/* Saved per row; `scale` is 1 / sqrt(variance + epsilon). */
struct moments {
    float mean;
    float scale;
};

static sluice_status infer(const void *config, sluice_layer_plan *plan,
                           sluice_diag *why)
{
    const sluice_layer_norm_config *norm = config;
    if (!(norm->epsilon >= 0) || isinf(norm->epsilon))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "layer_norm: epsilon %g; it must be positive, "
                               "or 0 for 1e-5",
                               (double)norm->epsilon);
    int64_t n = sluice_shape_elements(&plan->in);
    plan->out = plan->in;
    plan->n_params = 2;
    plan->params[WEIGHT] = (sluice_param_spec){
        .name = "weight",
        .shape = plan->in,
        .init = SLUICE_INIT_ONE,
    };
    plan->params[BIAS] = (sluice_param_spec){
        .name = "bias",
        .shape = plan->in,
    };
    plan->needs_x = true;
    plan->saved_row_bytes = sizeof(struct moments);
    plan->forward_row_flops = 8 * n;
    plan->input_row_flops = 12 * n;
    plan->weight_row_flops = 5 * n;
    return SLUICE_OK;
}

static struct moments measure(const sluice_layer_norm_config *norm, int64_t n,
                              const float *x)
{
    double epsilon = norm->epsilon > 0 ? (double)norm->epsilon : 1e-5;
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < n; i++)
        sum += (double)x[i];
    double mean = sum / (double)n;
    for (int64_t i = 0; i < n; i++)
        squares += ((double)x[i] - mean) * ((double)x[i] - mean);
    return (struct moments){
        .mean = (float)mean,
        .scale = (float)(1 / sqrt(squares / (double)n + epsilon)),
    };
}

static sluice_status forward(const sluice_layer_call *call)
{
    int64_t n = sluice_shape_elements(&call->plan->in);
    const float *weight = call->params[WEIGHT];
    const float *bias = call->params[BIAS];
    struct moments *saved = call->saved;
    for (int64_t r = 0; r < call->rows; r++) {
        const float *x = call->x + r * n;
        float *y = call->y + r * n;
        struct moments m = measure(call->config, n, x);
        saved[r] = m;
        for (int64_t i = 0; i < n; i++)
            y[i] = (x[i] - m.mean) * m.scale * weight[i] + bias[i];
    }
    return SLUICE_OK;
}

/*
 * With h = (x - mean) * scale and g = dy * weight (Ba et al., 2016):
 *
 *     dx = scale * (g - mean(g) - h * mean(g * h))
 */
static void row_gradient(int64_t n, struct moments m, const float *weight,
                         const float *x, const float *dy, float *dx)
{
    double sum = 0, dot = 0;
    for (int64_t i = 0; i < n; i++) {
        float g = dy[i] * weight[i];
        float h = (x[i] - m.mean) * m.scale;
        sum += (double)g;
        dot += (double)g * (double)h;
    }
    float mean_g = (float)(sum / (double)n);
    float mean_gh = (float)(dot / (double)n);
    for (int64_t i = 0; i < n; i++) {
        float h = (x[i] - m.mean) * m.scale;
        dx[i] = m.scale * (dy[i] * weight[i] - mean_g - h * mean_gh);
    }
}

static sluice_status backward_input(const sluice_layer_call *call)
{
    int64_t n = sluice_shape_elements(&call->plan->in);
    const struct moments *saved = call->saved;
    for (int64_t r = 0; r < call->rows && call->dx; r++)
        row_gradient(n, saved[r], call->params[WEIGHT], call->x + r * n,
                     call->dy + r * n, call->dx + r * n);
    return SLUICE_OK;
}

/* Both gradients of the columns start..start + width, rows in order. */
static void column_gradients(const sluice_layer_call *call, int64_t start,
                             int64_t width)
{
    int64_t n = sluice_shape_elements(&call->plan->in);
    const struct moments *saved = call->saved;
    float *dw = call->grads[WEIGHT] + start;
    float *db = call->grads[BIAS] + start;
    double weight[BLOCK] = {0}, bias[BLOCK] = {0};
    for (int64_t r = 0; r < call->rows; r++) {
        const float *x = call->x + r * n + start;
        const float *dy = call->dy + r * n + start;
        for (int64_t j = 0; j < width; j++) {
            float h = (x[j] - saved[r].mean) * saved[r].scale;
            weight[j] += (double)dy[j] * (double)h;
            bias[j] += (double)dy[j];
        }
    }
    for (int64_t j = 0; j < width; j++) {
        dw[j] = (call->accumulate ? dw[j] : 0) + (float)weight[j];
        db[j] = (call->accumulate ? db[j] : 0) + (float)bias[j];
    }
}

static sluice_status backward_weight(const sluice_layer_call *call)
{
    int64_t n = sluice_shape_elements(&call->plan->in);
    for (int64_t start = 0; start < n; start += BLOCK)
        column_gradients(call, start, n - start < BLOCK ? n - start : BLOCK);
    return SLUICE_OK;
}

static const sluice_layer_ops layer_norm_ops = {
    .name = "layer_norm",
    .config_bytes = sizeof(sluice_layer_norm_config),
    .infer = infer,
    .forward = forward,
    .backward_input = backward_input,
    .backward_weight = backward_weight,
};

const sluice_layer_ops *sluice_layer_norm(void)
{
    return &layer_norm_ops;
}

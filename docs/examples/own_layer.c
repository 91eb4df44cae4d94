/*
 * A layer and a loss of one's own, from outside the library.
 *
 * "scale" is y[rows, n] = x[rows, n] * weight[n], element by element.  The loss
 * is Huber's: quadratic near the target, linear beyond one.  The program lets
 * a linear layer followed by "scale" learn y = 3 x, on two devices.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <sluice/sluice.h>

/* ---- the layer ---------------------------------------------------------- */

static sluice_status scale_infer(const void *config, sluice_layer_plan *plan,
                                 sluice_diag *why)
{
    (void)config;
    int64_t n = sluice_shape_elements(&plan->in);
    if (n < 1)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "scale: the input has no elements");
    plan->out = plan->in;
    plan->n_params = 1;
    plan->params[0] = (sluice_param_spec){
        .name = "weight",
        .shape = sluice_shape_vector(n),
        .init = SLUICE_INIT_ONE,
    };
    plan->needs_x = true;
    plan->forward_row_flops = n;
    plan->input_row_flops = n;
    plan->weight_row_flops = 2 * n;
    return SLUICE_OK;
}

static sluice_status scale_forward(const sluice_layer_call *call)
{
    int64_t n = sluice_shape_elements(&call->plan->in);
    for (int64_t i = 0; i < call->rows * n; i++)
        call->y[i] = call->x[i] * call->params[0][i % n];
    return SLUICE_OK;
}

static sluice_status scale_backward_input(const sluice_layer_call *call)
{
    int64_t n = sluice_shape_elements(&call->plan->in);
    if (!call->dx)
        return SLUICE_OK;
    for (int64_t i = 0; i < call->rows * n; i++)
        call->dx[i] = call->dy[i] * call->params[0][i % n];
    return SLUICE_OK;
}

static sluice_status scale_backward_weight(const sluice_layer_call *call)
{
    int64_t n = sluice_shape_elements(&call->plan->in);
    float *g = call->grads[0];
    for (int64_t i = 0; i < n && !call->accumulate; i++)
        g[i] = 0;
    for (int64_t i = 0; i < call->rows * n; i++)
        g[i % n] += call->dy[i] * call->x[i];
    return SLUICE_OK;
}

static const sluice_layer_ops scale = {
    .name = "scale",
    .infer = scale_infer,
    .forward = scale_forward,
    .backward_input = scale_backward_input,
    .backward_weight = scale_backward_weight,
};

/* ---- the loss ----------------------------------------------------------- */

static sluice_status huber_infer(sluice_loss_plan *plan, sluice_diag *why)
{
    (void)why;
    plan->row_terms = sluice_shape_elements(&plan->out);
    plan->target_row_bytes = plan->row_terms * (int64_t)sizeof(float);
    plan->target_type = SLUICE_F32;
    return SLUICE_OK;
}

static sluice_status huber_forward(const sluice_loss_call *call, double *sum,
                                   int64_t *correct)
{
    const float *t = call->targets;
    *sum = 0;
    *correct = 0;
    for (int64_t i = 0; i < call->rows * call->plan->row_terms; i++) {
        float e = fabsf(call->y[i] - t[i]);
        *sum += e < 1 ? 0.5F * e * e : e - 0.5F;
    }
    return SLUICE_OK;
}

static sluice_status huber_backward(const sluice_loss_call *call, float factor,
                                    float *dy)
{
    const float *t = call->targets;
    for (int64_t i = 0; i < call->rows * call->plan->row_terms; i++)
        dy[i] = factor * fmaxf(-1, fminf(1, call->y[i] - t[i]));
    return SLUICE_OK;
}

static const sluice_loss_ops huber = {
    .name = "huber",
    .infer = huber_infer,
    .forward = huber_forward,
    .backward = huber_backward,
};

/* ---- their use ---------------------------------------------------------- */

enum { ROWS = 16, N = 4, STEPS = 600 };

static sluice_status build(sluice_model **model, sluice_pipeline **pipe,
                           sluice_diag *why)
{
    sluice_status st = sluice_model_create(
        &(sluice_model_config){.input = sluice_shape_vector(N)}, model, why);
    if (!st)
        st = sluice_model_add(*model, sluice_linear(),
                              &(sluice_linear_config){.out = N}, why);
    if (!st)
        st = sluice_model_add(*model, &scale, NULL, why);
    if (st)
        return st;
    sluice_pipeline_config config = {
        .schedule = {.devices = 2, .microbatches = 4},
        .batch = ROWS,
        .loss = &huber,
        .optimizer = sluice_sgd(),
        .optimizer_config = &(sluice_sgd_config){.learning_rate = 0.1},
        .seed = 1,
    };
    return sluice_pipeline_create(&config, *model, pipe, why);
}

static sluice_status learn(sluice_pipeline *pipe, double *first, double *last,
                           sluice_diag *why)
{
    float x[ROWS * N], t[ROWS * N];
    for (int i = 0; i < ROWS * N; i++) {
        x[i] = sinf((float)(i + i * i));
        t[i] = 3 * x[i];
    }
    for (int step = 0; step < STEPS; step++) {
        sluice_result result;
        sluice_status st = sluice_pipeline_step(pipe, x, t, ROWS, &result, why);
        if (st)
            return st;
        if (step == 0)
            *first = result.loss;
        *last = result.loss;
    }
    return SLUICE_OK;
}

int main(void)
{
    sluice_diag why;
    sluice_model *model = NULL;
    sluice_pipeline *pipe = NULL;
    double first = 0, last = 0;

    sluice_status st = build(&model, &pipe, &why);
    if (!st)
        st = learn(pipe, &first, &last, &why);
    if (st)
        fprintf(stderr, "%s\n", why.text);
    else
        printf("loss: %.3g at first, %.3g after %d steps\n", first, last,
               STEPS);
    sluice_pipeline_destroy(pipe);
    sluice_model_destroy(model);
    return st || !(last < first / 100) ? EXIT_FAILURE : EXIT_SUCCESS;
}

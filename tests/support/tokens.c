/* A layer of one's own with integer input.  Any thread; no state. */
#include "support/tokens.h"

enum { VOCABULARY = SL_TEST_VOCABULARY, WIDTH = SL_TEST_TOKEN_WIDTH };

static sluice_status infer(const void *config, sluice_layer_plan *plan,
                           sluice_diag *why)
{
    (void)config;
    (void)why;
    int64_t n = sluice_shape_elements(&plan->in);
    plan->in_type = SLUICE_I32;
    plan->out = sluice_shape_matrix(n, WIDTH);
    plan->n_params = 1;
    plan->params[0] = (sluice_param_spec){
        .name = "weight",
        .shape = sluice_shape_matrix(VOCABULARY, WIDTH),
        .init = SLUICE_INIT_XAVIER,
        .fan_in = VOCABULARY,
        .fan_out = WIDTH,
    };
    plan->needs_x = true;
    plan->forward_row_flops = n * WIDTH;
    plan->weight_row_flops = n * WIDTH;
    return SLUICE_OK;
}

static int64_t n_tokens(const sluice_layer_call *call)
{
    return call->rows * sluice_shape_elements(&call->plan->in);
}

static sluice_status forward(const sluice_layer_call *call)
{
    for (int64_t i = 0; i < n_tokens(call); i++) {
        int32_t token = call->x_int32[i];
        if (token < 0 || token >= VOCABULARY)
            return sluice_diag_set(call->why, SLUICE_INVALID,
                                   "token %d is beyond the vocabulary", token);
        for (int k = 0; k < WIDTH; k++)
            call->y[i * WIDTH + k] = call->params[0][token * WIDTH + k];
    }
    return SLUICE_OK;
}

/* Integers have no gradient, and nobody may ask for one. */
static sluice_status backward_input(const sluice_layer_call *call)
{
    return call->dx ? sluice_diag_set(call->why, SLUICE_INVALID,
                                      "a gradient by tokens was asked for")
                    : SLUICE_OK;
}

static sluice_status backward_weight(const sluice_layer_call *call)
{
    float *g = call->grads[0];
    for (int i = 0; i < VOCABULARY * WIDTH && !call->accumulate; i++)
        g[i] = 0;
    for (int64_t i = 0; i < n_tokens(call); i++)
        for (int k = 0; k < WIDTH; k++)
            g[call->x_int32[i] * WIDTH + k] += call->dy[i * WIDTH + k];
    return SLUICE_OK;
}

const sluice_layer_ops *sl_test_lookup_layer(void)
{
    static const sluice_layer_ops ops = {
        .name = "lookup",
        .infer = infer,
        .forward = forward,
        .backward_input = backward_input,
        .backward_weight = backward_weight,
    };
    return &ops;
}

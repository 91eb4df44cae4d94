/* The check of a layer passes the built-in ones and finds what others do
 * wrong. */
#include <sluice/across_layers.h>
#include <sluice/gradient_check.h>
#include <sluice/image_layers.h>
#include <sluice/sequence_layers.h>

#include <math.h>
#include <string.h>

#include "support/allocator.h"
#include "support/runner.h"

/* ---- y = x * x * w, with a fault to choose ------------------------------ */

enum fault {
    NO_FAULT,
    WRONG_INPUT,  /* dx = dy * x * w */
    WRONG_WEIGHT, /* the last element of w's gradient, by a tenth */
    NAN_WEIGHT,   /* the first is NaN */
    FORGETS_SUM,  /* accumulate is not read */
    NEEDS_DX,     /* without dx, dy is not what the weights need */
    OTHER_BITS,   /* forward counts its calls */
    FAILS,        /* forward returns SLUICE_SYSTEM */
};

struct square_config {
    enum fault fault;
};

static int n_calls;

static enum fault fault_of(const sluice_layer_call *call)
{
    const struct square_config *config = call->config;
    return config->fault;
}

static sluice_status infer(const void *config, sluice_layer_plan *plan,
                           sluice_diag *why)
{
    (void)config;
    (void)why;
    plan->out = plan->in;
    plan->n_params = 1;
    plan->params[0] = (sluice_param_spec){
        .name = "weight",
        .shape = plan->in,
        .init = SLUICE_INIT_ONE,
    };
    plan->needs_x = true;
    return SLUICE_OK;
}

static sluice_status forward(const sluice_layer_call *call)
{
    int64_t n = sluice_shape_elements(&call->plan->in);
    float more = fault_of(call) == OTHER_BITS ? (float)n_calls++ : 0;
    for (int64_t i = 0; i < call->rows * n; i++)
        call->y[i] = call->x[i] * call->x[i] * call->params[0][i % n] + more;
    return fault_of(call) == FAILS ? SLUICE_SYSTEM : SLUICE_OK;
}

static sluice_status backward_input(const sluice_layer_call *call)
{
    int64_t n = sluice_shape_elements(&call->plan->in);
    float factor = fault_of(call) == WRONG_INPUT ? 1 : 2;
    for (int64_t i = 0; i < call->rows * n && call->dx; i++)
        call->dx[i] =
            call->dy[i] * factor * call->x[i] * call->params[0][i % n];
    if (!call->dx && fault_of(call) == NEEDS_DX)
        call->dy[0] += 1;
    return SLUICE_OK;
}

static sluice_status backward_weight(const sluice_layer_call *call)
{
    int64_t n = sluice_shape_elements(&call->plan->in);
    bool adds = call->accumulate && fault_of(call) != FORGETS_SUM;
    float *g = call->grads[0];
    for (int64_t i = 0; i < n && !adds; i++)
        g[i] = 0;
    for (int64_t i = 0; i < call->rows * n; i++)
        g[i % n] += call->dy[i] * call->x[i] * call->x[i];
    if (fault_of(call) == WRONG_WEIGHT)
        g[n - 1] += 0.1F;
    if (fault_of(call) == NAN_WEIGHT)
        g[0] = NAN;
    return SLUICE_OK;
}

static const sluice_layer_ops square = {
    .name = "square",
    .config_bytes = sizeof(struct square_config),
    .infer = infer,
    .forward = forward,
    .backward_input = backward_input,
    .backward_weight = backward_weight,
};

/* ---- the claims --------------------------------------------------------- */

static sluice_status
check_square(enum fault fault, sluice_gradient_report *report, sluice_diag *why)
{
    const struct square_config layer = {.fault = fault};
    const sluice_gradient_config config = {
        .input = sluice_shape_vector(4),
        .seed = 3,
    };
    n_calls = 0;
    return sluice_gradient_check(&square, &layer, &config, report, why);
}

START_TEST(right_gradients_pass_and_are_counted)
{
    sluice_gradient_report report;
    sluice_diag why = {.text = ""};
    ck_assert_msg(!check_square(NO_FAULT, &report, &why), "%s", why.text);
    ck_assert_int_eq(report.n_checked, 3 * 4 + 4);
    ck_assert_int_eq(report.n_skipped, 0);
    ck_assert_double_lt(report.apart, 0.001);
}
END_TEST

static void assert_found(enum fault fault, const char *text)
{
    sluice_diag why;
    ck_assert_int_eq(check_square(fault, NULL, &why), SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, text), "%s", why.text);
}

START_TEST(each_fault_is_found_and_named)
{
    assert_found(WRONG_INPUT, "square: the gradient by x at element ");
    assert_found(WRONG_INPUT, "correct backward_input()");
    assert_found(WRONG_WEIGHT,
                 "square: the gradient by \"weight\" at element 3 is ");
    assert_found(WRONG_WEIGHT, "correct backward_weight()");
    assert_found(NAN_WEIGHT,
                 "square: the gradient by \"weight\" at element 0 is ");
    assert_found(FORGETS_SUM, "it must add to what is there");
    assert_found(NEEDS_DX, "without dx, makes ");
    assert_found(OTHER_BITS,
                 "square: forward() gives other bits when it is called again");
}
END_TEST

START_TEST(the_worst_element_is_reported)
{
    sluice_gradient_report report;
    check_square(WRONG_WEIGHT, &report, NULL);
    ck_assert_str_eq(report.tensor, "weight");
    ck_assert_int_eq(report.element, 3);
    ck_assert_double_eq_tol(report.gradient - report.difference, 0.1, 1e-3);
}
END_TEST

START_TEST(what_a_layer_returns_comes_through)
{
    ck_assert_int_eq(check_square(FAILS, NULL, NULL), SLUICE_SYSTEM);
}
END_TEST

static void assert_passes(const sluice_layer_ops *layer, const void *config,
                          sluice_shape input, const int32_t *integers)
{
    sluice_diag why = {.text = ""};
    sluice_gradient_report report;
    const sluice_gradient_config how = {
        .input = input,
        .integers = integers,
        .seed = 1,
    };
    sluice_status st =
        sluice_gradient_check(layer, config, &how, &report, &why);
    ck_assert_msg(!st, "%s: %s", layer->name, why.text);
    ck_assert_int_gt(report.n_checked, report.n_skipped);
}

START_TEST(the_built_in_layers_pass)
{
    static const int32_t tokens[] = {0, 2, 1, 2, 2, 0};
    const sluice_shape seven = sluice_shape_vector(7);
    for (int a = 0; a < SLUICE_N_ACTIVATIONS; a++) {
        const sluice_linear_config linear = {
            .out = 5, .activation = (sluice_activation)a};
        assert_passes(sluice_linear(), &linear, seven, NULL);
        const sluice_activate_config activate = {(sluice_activation)a};
        assert_passes(sluice_activate(), &activate, seven, NULL);
        const sluice_glu_config glu = {(sluice_activation)a};
        assert_passes(sluice_glu(), &glu, sluice_shape_vector(8), NULL);
    }
    const sluice_dropout_config dropout = {.rate = 0.5F};
    assert_passes(sluice_dropout(), &dropout, seven, NULL);
    const sluice_layer_norm_config layer_norm = {.epsilon = 0};
    assert_passes(sluice_layer_norm(), &layer_norm, seven, NULL);
    const sluice_rms_norm_config rms_norm = {.epsilon = 0};
    assert_passes(sluice_rms_norm(), &rms_norm, seven, NULL);
    const sluice_shape image = {3, {2, 4, 4}};
    const sluice_conv2d_config conv2d = {
        .channels = 2, .kernel = 3, .stride = 1, .padding = 1, .groups = 1};
    assert_passes(sluice_conv2d(), &conv2d, image, NULL);
    const sluice_group_norm_config group_norm = {.groups = 2};
    assert_passes(sluice_group_norm(), &group_norm, image, NULL);
    const sluice_batch_norm_config batch_norm = {.momentum = 0.1F};
    assert_passes(sluice_batch_norm(), &batch_norm, image, NULL);
    const sluice_batch_norm_config activated = {.momentum = 0.1F,
                                                .activation = SLUICE_GELU};
    assert_passes(sluice_batch_norm(), &activated, image, NULL);
    const sluice_attention_config attention = {.heads = 2, .causal = true};
    assert_passes(sluice_attention(), &attention, sluice_shape_matrix(3, 4),
                  NULL);
    const sluice_embedding_config embedding = {.vocabulary = 3, .width = 2};
    assert_passes(sluice_embedding(), &embedding, sluice_shape_vector(2),
                  tokens);
}
END_TEST

START_TEST(one_end_of_a_skip_connection_is_refused)
{
    const sluice_gradient_config config = {.input = sluice_shape_vector(4)};
    const sluice_stash_config stash = {"a"};
    sluice_diag why;
    ck_assert_int_eq(
        sluice_gradient_check(sluice_stash(), &stash, &config, NULL, &why),
        SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, "no gradient without the other end"), "%s",
                  why.text);
}
END_TEST

START_TEST(numbers_out_of_range_are_refused)
{
    const struct square_config layer = {.fault = NO_FAULT};
    const sluice_gradient_config configs[] = {
        {.input = sluice_shape_vector(4), .rows = -1},
        {.input = sluice_shape_vector(4), .step = -1},
        {.input = sluice_shape_vector(4), .step = INFINITY},
        {.input = sluice_shape_vector(4), .tolerance = -1},
        {.rows = 3}, /* no input */
    };
    for (size_t i = 0; i < sizeof configs / sizeof *configs; i++)
        ck_assert_int_eq(
            sluice_gradient_check(&square, &layer, &configs[i], NULL, NULL),
            SLUICE_INVALID);
}
END_TEST

START_TEST(it_survives_each_failed_allocation)
{
    static struct sl_test_allocator allocator;
    const struct square_config layer = {.fault = NO_FAULT};
    const sluice_gradient_config config = {
        .input = sluice_shape_vector(4),
        .allocator = &allocator.hooks,
    };
    bool failed = true;
    sl_test_allocator_init(&allocator);
    for (long at = 1; failed; at++) {
        sl_test_allocator_arm(&allocator, at, true);
        sluice_status st =
            sluice_gradient_check(&square, &layer, &config, NULL, NULL);
        failed = sl_test_allocator_failed(&allocator);
        ck_assert_int_eq(st, failed ? SLUICE_NO_MEMORY : SLUICE_OK);
    }
}
END_TEST

SLUICE_TEST_MAIN("nn.gradient_check", right_gradients_pass_and_are_counted,
                 each_fault_is_found_and_named, the_worst_element_is_reported,
                 what_a_layer_returns_comes_through, the_built_in_layers_pass,
                 one_end_of_a_skip_connection_is_refused,
                 numbers_out_of_range_are_refused,
                 it_survives_each_failed_allocation)

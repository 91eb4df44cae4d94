/* The linear layer, apart from its values; those are in test_gradients.c. */
#include <sluice/layer.h>

#include <math.h>
#include <string.h>

#include "nn/rig.h"
#include "support/runner.h"
#include "tensor/numbers.h"

enum { IN = 9, OUT = 6, ROWS = 8, MOST = IN * OUT };

static struct rig rig;

static void set_up(sluice_activation activation)
{
    static sluice_linear_config config;
    config = (sluice_linear_config){.out = OUT, .activation = activation};
    ck_assert(!rig_init(&rig, sluice_linear(), &config, sluice_shape_vector(IN),
                        ROWS, 1));
}

START_TEST(accumulating_adds_what_overwriting_writes)
{
    float once[2][MOST];
    for (int a = 0; a < SLUICE_N_ACTIVATIONS; a++) {
        set_up((sluice_activation)a);
        rig_forward(&rig);
        rig_backward(&rig);
        for (int p = 0; p < 2; p++)
            memcpy(once[p], rig.call.grads[p],
                   (size_t)rig.n_params[p] * sizeof(float));
        rig.call.accumulate = true;
        /* dy is dz by now: W alone, as after an I long ago */
        ck_assert(!sluice_linear()->backward_weight(&rig.call));
        for (int p = 0; p < 2; p++) {
            for (int64_t i = 0; i < rig.n_params[p]; i++)
                once[p][i] *= 2;
            ck_assert_double_lt(
                sl_test_distance(rig.n_params[p], rig.call.grads[p], once[p]),
                1e-6);
        }
        rig_fini(&rig);
    }
}
END_TEST

START_TEST(the_input_gradient_may_be_unwanted)
{
    float dw[MOST], dz[ROWS * OUT];
    for (int a = 0; a < SLUICE_N_ACTIVATIONS; a++) {
        set_up((sluice_activation)a);
        rig_forward(&rig);
        rig_backward(&rig);
        memcpy(dw, rig.call.grads[0], sizeof dw);
        memcpy(dz, rig.call.dy, sizeof dz);
        rig_fini(&rig);
        set_up((sluice_activation)a);
        rig_forward(&rig);
        float *dx = rig.call.dx;
        rig.call.dx = NULL;
        rig_backward(&rig);
        ck_assert_mem_eq(rig.call.grads[0], dw, sizeof dw);
        ck_assert_mem_eq(rig.call.dy, dz, sizeof dz);
        rig.call.dx = dx;
        rig_fini(&rig);
    }
}
END_TEST

START_TEST(two_calls_give_the_same_bits)
{
    float y[ROWS * OUT];
    for (int a = 0; a < SLUICE_N_ACTIVATIONS; a++) {
        set_up((sluice_activation)a);
        rig_forward(&rig);
        memcpy(y, rig.call.y, sizeof y);
        memset(rig.call.y, 0xff, sizeof y);
        rig_forward(&rig);
        ck_assert_mem_eq(rig.call.y, y, sizeof y);
        rig_fini(&rig);
    }
}
END_TEST

START_TEST(an_input_of_any_shape_is_a_vector)
{
    sluice_linear_config config = {.out = OUT};
    sluice_shape image = {3, {2, 3, 4}};
    ck_assert(!rig_init(&rig, sluice_linear(), &config, image, 1, 1));
    sluice_shape weight = sluice_shape_matrix(24, OUT);
    ck_assert(sluice_shape_equal(&rig.plan.params[0].shape, &weight));
    rig_forward(&rig);
    rig_fini(&rig);
}
END_TEST

START_TEST(the_plan_says_what_is_kept)
{
    for (int a = 0; a < SLUICE_N_ACTIVATIONS; a++) {
        set_up((sluice_activation)a);
        const sluice_layer_plan *plan = &rig.plan;
        bool from_y =
            a == SLUICE_RELU || a == SLUICE_TANH || a == SLUICE_SIGMOID;
        bool is_xavier =
            a == SLUICE_IDENTITY || a == SLUICE_TANH || a == SLUICE_SIGMOID;
        ck_assert(plan->needs_x);
        ck_assert(plan->needs_y == from_y);
        ck_assert_int_eq(plan->saved_row_bytes,
                         from_y || a == SLUICE_IDENTITY ? 0 : OUT * 4);
        ck_assert_int_ge(plan->forward_row_flops, 2 * IN * OUT);
        ck_assert_int_ge(plan->input_row_flops, 2 * IN * OUT);
        ck_assert_int_ge(plan->weight_row_flops, 2 * IN * OUT);
        ck_assert_int_eq(plan->n_params, 2);
        ck_assert_int_eq(plan->params[0].init,
                         is_xavier ? SLUICE_INIT_XAVIER : SLUICE_INIT_HE);
        ck_assert_int_eq(plan->params[1].init, SLUICE_INIT_ZERO);
        rig_fini(&rig);
    }
}
END_TEST

START_TEST(a_given_init_is_used)
{
    sluice_linear_config config = {
        .out = 2,
        .activation = SLUICE_RELU,
        .init = SLUICE_INIT_ONE,
        .no_bias = true,
    };
    ck_assert(!rig_init(&rig, sluice_linear(), &config, sluice_shape_vector(2),
                        1, 1));
    ck_assert_int_eq(rig.plan.n_params, 1);
    ck_assert_int_eq(rig.plan.params[0].init, SLUICE_INIT_ONE);
    rig_fini(&rig);
}
END_TEST

START_TEST(positions_are_vectors_of_their_own)
{
    float y[3 * 4 * OUT];
    sluice_linear_config config = {
        .out = OUT, .activation = SLUICE_GELU, .per_position = true};
    sluice_shape in = {3, {3, 2, IN}}, out = {3, {3, 2, OUT}};
    ck_assert(!rig_init(&rig, sluice_linear(), &config, in, 2, 1));
    sluice_shape weight = sluice_shape_matrix(IN, OUT);
    ck_assert(sluice_shape_equal(&rig.plan.params[0].shape, &weight));
    ck_assert(sluice_shape_equal(&rig.plan.out, &out));
    ck_assert_int_eq(rig.plan.saved_row_bytes, 6 * OUT * 4);
    ck_assert_int_eq(rig.plan.products[0].rows_per_row, 6);
    rig_forward(&rig);
    memcpy(y, rig.call.y, sizeof y);
    rig_fini(&rig);
    config.per_position = false;
    ck_assert(!rig_init(&rig, sluice_linear(), &config, sluice_shape_vector(IN),
                        12, 1));
    rig_forward(&rig);
    ck_assert_mem_eq(rig.call.y, y, sizeof y);
    rig_fini(&rig);
}
END_TEST

START_TEST(a_standard_deviation_makes_the_weights_normal)
{
    sluice_linear_config config = {.out = 2, .std = 0.25f};
    for (int i = 0; i < 2; i++) {
        config.init = i ? SLUICE_INIT_NORMAL : SLUICE_INIT_ZERO;
        ck_assert(!rig_init(&rig, sluice_linear(), &config,
                            sluice_shape_vector(2), 1, 1));
        ck_assert_int_eq(rig.plan.params[0].init, SLUICE_INIT_NORMAL);
        ck_assert_double_eq(rig.plan.params[0].std, 0.25);
        rig_fini(&rig);
    }
}
END_TEST

static void check_refused(sluice_linear_config config, int64_t in,
                          const char *word)
{
    ck_assert_int_eq(
        rig_init(&rig, sluice_linear(), &config, sluice_shape_vector(in), 1, 1),
        SLUICE_INVALID);
    ck_assert_msg(strstr(rig.why.text, word), "%s", rig.why.text);
}

START_TEST(what_cannot_be_is_refused)
{
    const int64_t beyond = (int64_t)INT32_MAX + 1;
    check_refused((sluice_linear_config){.out = 0}, 1, "0 outputs");
    check_refused((sluice_linear_config){.out = -4}, 1, "-4 outputs");
    check_refused((sluice_linear_config){.out = beyond}, 1, "2147483648");
    check_refused((sluice_linear_config){.out = 1}, beyond, "2147483648");
    check_refused((sluice_linear_config){.out = INT32_MAX}, INT32_MAX,
                  "a weight of 2147483647 x 2147483647");
    check_refused((sluice_linear_config){.out = 1, .activation = 77}, 1, "77");
    check_refused((sluice_linear_config){.out = 1, .init = 55}, 1, "55");
    check_refused((sluice_linear_config){.out = 1, .std = -1}, 1, "-1");
    check_refused((sluice_linear_config){.out = 1, .std = INFINITY}, 1, "inf");
    check_refused((sluice_linear_config){.out = 1, .init = SLUICE_INIT_NORMAL},
                  1, "init normal with std 0");
    check_refused(
        (sluice_linear_config){.out = 1, .init = SLUICE_INIT_ONE, .std = 1}, 1,
        "init one with std 1");
}
END_TEST

START_TEST(more_rows_than_blas_counts_are_an_error)
{
    set_up(SLUICE_IDENTITY);
    rig.call.rows = (int64_t)INT32_MAX + 1;
    ck_assert_int_eq(sluice_linear()->forward(&rig.call), SLUICE_INVALID);
    ck_assert(strstr(rig.why.text, "2147483648 rows"));
    ck_assert_int_eq(sluice_linear()->backward_weight(&rig.call),
                     SLUICE_INVALID);
    rig.call.rows = ROWS;
    rig_fini(&rig);
}
END_TEST

SLUICE_TEST_MAIN("nn.linear", accumulating_adds_what_overwriting_writes,
                 the_input_gradient_may_be_unwanted,
                 two_calls_give_the_same_bits,
                 an_input_of_any_shape_is_a_vector, the_plan_says_what_is_kept,
                 a_given_init_is_used, positions_are_vectors_of_their_own,
                 a_standard_deviation_makes_the_weights_normal,
                 what_cannot_be_is_refused,
                 more_rows_than_blas_counts_are_an_error)

/* Gated linear units, apart from their values; see test_gradients.c. */
#include <sluice/sequence_layers.h>

#include <math.h>
#include <string.h>

#include "nn/rig.h"
#include "support/runner.h"

enum { ROWS = 3, PLACES = 4, WIDTH = 5, N = ROWS * PLACES * WIDTH };

static struct rig rig;

static sluice_status set_up(sluice_activation activation, sluice_shape in)
{
    static sluice_glu_config config;
    config.activation = activation;
    return rig_init(&rig, sluice_glu(), &config, in, ROWS, 1);
}

START_TEST(the_last_dimension_is_halved)
{
    sluice_shape want = sluice_shape_matrix(PLACES, WIDTH);
    for (int a = 0; a < SLUICE_N_ACTIVATIONS; a++) {
        ck_assert(!set_up((sluice_activation)a,
                          sluice_shape_matrix(PLACES, 2 * WIDTH)));
        ck_assert(sluice_shape_equal(&rig.plan.out, &want));
        ck_assert_int_eq(rig.plan.saved_row_bytes, 0);
        ck_assert_int_eq(rig.plan.workspace_row_bytes, 0);
        ck_assert_int_eq(rig.plan.n_params, 0);
        ck_assert(!rig.plan.needs_y);
        rig_fini(&rig);
    }
}
END_TEST

/* The gate 1 leaves the other half as it is; so does its gradient. */
START_TEST(each_place_of_a_sequence_has_its_own_halves)
{
    ck_assert(!set_up(SLUICE_RELU, sluice_shape_matrix(PLACES, 2 * WIDTH)));
    for (int i = 0; i < N; i++) {
        int at = i / WIDTH * 2 * WIDTH + i % WIDTH;
        rig.x[at] = 1;
        rig.x[at + WIDTH] = (float)i;
        rig.call.dy[i] = 2;
    }
    rig_forward(&rig);
    rig_backward(&rig);
    for (int i = 0; i < N; i++) {
        int at = i / WIDTH * 2 * WIDTH + i % WIDTH;
        ck_assert_float_eq(rig.call.y[i], (float)i);
        ck_assert_float_eq(rig.call.dx[at], 2 * (float)i);
        ck_assert_float_eq(rig.call.dx[at + WIDTH], 2);
    }
    rig_fini(&rig);
}
END_TEST

START_TEST(dy_stays_as_it_was)
{
    float dy[N];
    ck_assert(!set_up(SLUICE_SILU, sluice_shape_matrix(PLACES, 2 * WIDTH)));
    memcpy(dy, rig.call.dy, sizeof dy);
    rig_forward(&rig);
    rig_backward(&rig);
    ck_assert_mem_eq(rig.call.dy, dy, sizeof dy);
    rig_fini(&rig);
}
END_TEST

START_TEST(the_input_gradient_may_be_unwanted)
{
    ck_assert(!set_up(SLUICE_SILU, sluice_shape_vector(2 * WIDTH)));
    rig_forward(&rig);
    float *dx = rig.call.dx;
    rig.call.dx = NULL;
    rig_backward(&rig);
    rig.call.dx = dx;
    rig_fini(&rig);
}
END_TEST

START_TEST(nan_in_either_half_is_nan_in_the_product)
{
    for (int half = 0; half < 2; half++) {
        ck_assert(!set_up(SLUICE_SILU, sluice_shape_vector(2 * WIDTH)));
        rig.x[half * WIDTH + 2] = NAN;
        rig_forward(&rig);
        rig_backward(&rig);
        for (int i = 0; i < ROWS * WIDTH; i++)
            ck_assert_int_eq(isnan(rig.call.y[i]) != 0, i == 2);
        ck_assert(isnan(rig.call.dx[2]));
        ck_assert_int_eq(isnan(rig.call.dx[WIDTH + 2]) != 0, half == 0);
        rig_fini(&rig);
    }
}
END_TEST

START_TEST(what_cannot_be_is_refused)
{
    ck_assert_int_eq(set_up(SLUICE_N_ACTIVATIONS, sluice_shape_vector(2)),
                     SLUICE_INVALID);
    ck_assert(strstr(rig.why.text, "7 is not a sluice_activation"));
    ck_assert_int_eq(set_up(SLUICE_SILU, sluice_shape_matrix(4, 3)),
                     SLUICE_INVALID);
    ck_assert(strstr(rig.why.text, "3 elements along the last dimension"));
}
END_TEST

SLUICE_TEST_MAIN("nn.glu", the_last_dimension_is_halved,
                 each_place_of_a_sequence_has_its_own_halves,
                 dy_stays_as_it_was, the_input_gradient_may_be_unwanted,
                 nan_in_either_half_is_nan_in_the_product,
                 what_cannot_be_is_refused)

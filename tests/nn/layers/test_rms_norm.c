/* RMS normalization, apart from its values; see test_gradients.c. */
#include <sluice/layer.h>

#include <math.h>
#include <string.h>

#include "nn/rig.h"
#include "support/runner.h"

enum { WIDTH = 70, ROWS = 5 }; /* more columns than one block */

static struct rig rig;

static void set_up(float epsilon)
{
    static sluice_rms_norm_config config;
    config.epsilon = epsilon;
    ck_assert(!rig_init(&rig, sluice_rms_norm(), &config,
                        sluice_shape_vector(WIDTH), ROWS, 1));
}

START_TEST(rows_come_out_with_mean_square_1)
{
    set_up(0);
    for (int i = 0; i < WIDTH; i++)
        rig.params[0][i] = 1;
    rig_forward(&rig);
    for (int r = 0; r < ROWS; r++) {
        double squares = 0;
        for (int i = 0; i < WIDTH; i++)
            squares += pow((double)rig.call.y[r * WIDTH + i], 2);
        ck_assert_double_eq_tol(squares / WIDTH, 1, 1e-4);
    }
    rig_fini(&rig);
}
END_TEST

START_TEST(a_row_of_zeros_stays_one)
{
    set_up(0);
    memset(rig.x, 0, WIDTH * sizeof(float));
    rig_forward(&rig);
    for (int i = 0; i < WIDTH; i++)
        ck_assert_float_eq(rig.call.y[i], 0);
    rig_fini(&rig);
}
END_TEST

START_TEST(one_number_a_row_is_saved)
{
    set_up(0);
    ck_assert_int_eq(rig.plan.saved_row_bytes, sizeof(float));
    ck_assert_int_eq(rig.plan.n_params, 1);
    rig_fini(&rig);
}
END_TEST

START_TEST(nan_stays_in_its_row)
{
    set_up(0);
    rig.x[WIDTH + 3] = NAN;
    rig_forward(&rig);
    rig_backward(&rig);
    for (int i = 0; i < ROWS * WIDTH; i++) {
        ck_assert_int_eq(isnan(rig.call.y[i]) != 0, i / WIDTH == 1);
        ck_assert_int_eq(isnan(rig.call.dx[i]) != 0, i / WIDTH == 1);
    }
    for (int i = 0; i < WIDTH; i++)
        ck_assert(isnan(rig.call.grads[0][i]));
    rig_fini(&rig);
}
END_TEST

START_TEST(accumulating_adds_what_overwriting_writes)
{
    float twice[WIDTH];
    set_up(0);
    rig_forward(&rig);
    rig_backward(&rig);
    for (int i = 0; i < WIDTH; i++)
        twice[i] = 2 * rig.call.grads[0][i];
    rig.call.accumulate = true;
    ck_assert(!sluice_rms_norm()->backward_weight(&rig.call));
    ck_assert_mem_eq(rig.call.grads[0], twice, sizeof twice);
    rig_fini(&rig);
}
END_TEST

START_TEST(the_input_gradient_may_be_unwanted)
{
    float dw[WIDTH];
    set_up(0);
    rig_forward(&rig);
    rig_backward(&rig);
    memcpy(dw, rig.call.grads[0], sizeof dw);
    float *dx = rig.call.dx;
    rig.call.dx = NULL;
    rig_backward(&rig);
    ck_assert_mem_eq(rig.call.grads[0], dw, sizeof dw);
    rig.call.dx = dx;
    rig_fini(&rig);
}
END_TEST

START_TEST(bad_epsilons_are_refused)
{
    const float bad[] = {-1e-5f, NAN, INFINITY};
    for (int i = 0; i < 3; i++) {
        sluice_rms_norm_config config = {bad[i]};
        ck_assert_int_eq(rig_init(&rig, sluice_rms_norm(), &config,
                                  sluice_shape_vector(2), 1, 1),
                         SLUICE_INVALID);
        ck_assert(strstr(rig.why.text, "epsilon"));
    }
}
END_TEST

SLUICE_TEST_MAIN("nn.rms_norm", rows_come_out_with_mean_square_1,
                 a_row_of_zeros_stays_one, one_number_a_row_is_saved,
                 nan_stays_in_its_row,
                 accumulating_adds_what_overwriting_writes,
                 the_input_gradient_may_be_unwanted, bad_epsilons_are_refused)

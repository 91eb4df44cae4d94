/* Layer normalization, apart from its values; see test_gradients.c. */
#include <sluice/layer.h>

#include <math.h>
#include <string.h>

#include "nn/rig.h"
#include "support/runner.h"

enum { WIDTH = 70, ROWS = 5 }; /* more columns than one block */

static struct rig rig;

static void set_up(float epsilon)
{
    static sluice_layer_norm_config config;
    config.epsilon = epsilon;
    ck_assert(!rig_init(&rig, sluice_layer_norm(), &config,
                        sluice_shape_vector(WIDTH), ROWS, 1));
}

START_TEST(rows_come_out_with_mean_0_and_variance_1)
{
    set_up(0);
    for (int i = 0; i < WIDTH; i++) {
        rig.params[0][i] = 1;
        rig.params[1][i] = 0;
    }
    rig_forward(&rig);
    for (int r = 0; r < ROWS; r++) {
        double sum = 0, squares = 0;
        for (int i = 0; i < WIDTH; i++) {
            double y = (double)rig.call.y[r * WIDTH + i];
            sum += y;
            squares += y * y;
        }
        ck_assert_double_eq_tol(sum / WIDTH, 0, 1e-6);
        ck_assert_double_eq_tol(squares / WIDTH, 1, 1e-4);
    }
    rig_fini(&rig);
}
END_TEST

START_TEST(a_constant_row_becomes_the_bias)
{
    set_up(0);
    for (int i = 0; i < WIDTH; i++)
        rig.x[i] = 3.3f;
    rig_forward(&rig);
    ck_assert_mem_eq(rig.call.y, rig.params[1], WIDTH * sizeof(float));
    rig_fini(&rig);
}
END_TEST

START_TEST(accumulating_adds_what_overwriting_writes)
{
    float twice[2][WIDTH];
    set_up(0);
    rig_forward(&rig);
    rig_backward(&rig);
    for (int p = 0; p < 2; p++)
        for (int i = 0; i < WIDTH; i++)
            twice[p][i] = 2 * rig.call.grads[p][i];
    rig.call.accumulate = true;
    ck_assert(!sluice_layer_norm()->backward_weight(&rig.call));
    for (int p = 0; p < 2; p++)
        ck_assert_mem_eq(rig.call.grads[p], twice[p], sizeof twice[p]);
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
        sluice_layer_norm_config config = {bad[i]};
        ck_assert_int_eq(rig_init(&rig, sluice_layer_norm(), &config,
                                  sluice_shape_vector(2), 1, 1),
                         SLUICE_INVALID);
        ck_assert(strstr(rig.why.text, "epsilon"));
    }
}
END_TEST

SLUICE_TEST_MAIN("nn.layer_norm", rows_come_out_with_mean_0_and_variance_1,
                 a_constant_row_becomes_the_bias,
                 accumulating_adds_what_overwriting_writes,
                 the_input_gradient_may_be_unwanted, bad_epsilons_are_refused)

/* Activations as layers, apart from their values; see test_gradients.c. */
#include <sluice/layer.h>

#include <string.h>

#include "nn/rig.h"
#include "support/runner.h"

enum { ROWS = 3, WIDTH = 5 };

static struct rig rig;

static void set_up(sluice_activation activation)
{
    static sluice_activate_config config;
    config.activation = activation;
    ck_assert(!rig_init(&rig, sluice_activate(), &config,
                        sluice_shape_matrix(WIDTH, 1), ROWS, 1));
}

START_TEST(the_plan_says_what_is_read)
{
    for (int a = 0; a < SLUICE_N_ACTIVATIONS; a++) {
        set_up((sluice_activation)a);
        ck_assert(
            rig.plan.needs_x ==
            (a == SLUICE_GELU || a == SLUICE_GELU_TANH || a == SLUICE_SILU));
        ck_assert(rig.plan.needs_y == (a == SLUICE_RELU || a == SLUICE_TANH ||
                                       a == SLUICE_SIGMOID));
        ck_assert_int_eq(rig.plan.saved_row_bytes, 0);
        ck_assert(sluice_shape_equal(&rig.plan.out, &rig.plan.in));
        rig_fini(&rig);
    }
}
END_TEST

START_TEST(dy_stays_as_it_was)
{
    float dy[ROWS * WIDTH];
    for (int a = 0; a < SLUICE_N_ACTIVATIONS; a++) {
        set_up((sluice_activation)a);
        memcpy(dy, rig.call.dy, sizeof dy);
        rig_forward(&rig);
        rig_backward(&rig);
        ck_assert_mem_eq(rig.call.dy, dy, sizeof dy);
        rig_fini(&rig);
    }
}
END_TEST

START_TEST(the_input_gradient_may_be_unwanted)
{
    set_up(SLUICE_TANH);
    rig_forward(&rig);
    float *dx = rig.call.dx;
    rig.call.dx = NULL;
    rig_backward(&rig);
    rig.call.dx = dx;
    rig_fini(&rig);
}
END_TEST

START_TEST(what_is_no_activation_is_refused)
{
    const sluice_activate_config bad = {SLUICE_N_ACTIVATIONS};
    ck_assert_int_eq(
        rig_init(&rig, sluice_activate(), &bad, sluice_shape_vector(2), 1, 1),
        SLUICE_INVALID);
    ck_assert(strstr(rig.why.text, "7 is not a sluice_activation"));
}
END_TEST

SLUICE_TEST_MAIN("nn.activate", the_plan_says_what_is_read, dy_stays_as_it_was,
                 the_input_gradient_may_be_unwanted,
                 what_is_no_activation_is_refused)

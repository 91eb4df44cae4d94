/* SGD against its definition in double, and what it refuses. */
#include <sluice/optimizer.h>

#include <math.h>
#include <string.h>

#include "support/runner.h"
#include "tensor/numbers.h"

enum { N = 19, STEPS = 10 };

static sluice_diag why;

/* The definition, for one element. */
static double step_exactly(const sluice_sgd_config *sgd, double rate, double w,
                           double g, double *v, int step)
{
    g += sgd->weight_decay * w;
    *v = step == 0 ? g : sgd->momentum * *v + g;
    return w - rate * (sgd->nesterov ? g + sgd->momentum * *v : *v);
}

static void check(sluice_sgd_config sgd)
{
    float w[N], g[N], v[N] = {0};
    double exact_w[N], exact_v[N] = {0};
    int n_states;
    sluice_optimizer_call call = {
        .config = &sgd, .n = N, .w = w, .g = g, .state = {v}};
    ck_assert(!sluice_sgd()->infer(&sgd, &n_states, &call.learning_rate, &why));
    ck_assert_int_eq(n_states, sgd.momentum > 0);
    ck_assert_double_eq(call.learning_rate, sgd.learning_rate);
    if (!n_states)
        call.state[0] = NULL;
    sl_test_fill(1, N, w);
    for (int i = 0; i < N; i++)
        exact_w[i] = (double)w[i];
    for (int step = 0; step < STEPS; step++) {
        call.step = (uint64_t)step;
        call.learning_rate = sgd.learning_rate / (1 + step);
        sl_test_fill(2 + (uint64_t)step, N, g);
        sluice_sgd()->apply(&call);
        for (int i = 0; i < N; i++) {
            exact_w[i] = step_exactly(&sgd, call.learning_rate, exact_w[i],
                                      (double)g[i], &exact_v[i], step);
            ck_assert_double_eq_tol((double)w[i], exact_w[i], 1e-6);
        }
    }
}

START_TEST(steps_follow_the_definition)
{
    check((sluice_sgd_config){.learning_rate = 0.1});
    check((sluice_sgd_config){.learning_rate = 0.1, .weight_decay = 0.05});
    check((sluice_sgd_config){.learning_rate = 0.1, .momentum = 0.9});
    check((sluice_sgd_config){
        .learning_rate = 0.1, .momentum = 0.9, .nesterov = true});
    check((sluice_sgd_config){.learning_rate = 0.1,
                              .momentum = 0.5,
                              .weight_decay = 0.05,
                              .nesterov = true});
}
END_TEST

/* Everything at once, from w = 1, worked out by hand:  the first step has
 * g = 1.01, v = 1.01, w = 1 - 0.1 * (1.01 + 0.9 * 1.01). */
START_TEST(four_steps_worked_out_by_hand)
{
    sluice_sgd_config sgd = {0.1, 0.9, 0.01, true};
    const float gradients[] = {1, -2, 0.5f, 3};
    const float want[] = {0.8081f, 1.10475461f, 1.095372015f, 0.560840752f};
    float w = 1, v = 0;
    for (int i = 0; i < 4; i++) {
        sluice_optimizer_call call = {.config = &sgd,
                                      .learning_rate = 0.1,
                                      .n = 1,
                                      .w = &w,
                                      .g = &gradients[i],
                                      .state = {&v}};
        sluice_sgd()->apply(&call);
        ck_assert_float_eq_tol(w, want[i], 1e-6f);
    }
}
END_TEST

static void check_refused(sluice_sgd_config sgd, const char *word)
{
    int n_states = -1;
    double rate = -1;
    ck_assert_int_eq(sluice_sgd()->infer(&sgd, &n_states, &rate, &why),
                     SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, word), "%s", why.text);
    ck_assert_int_eq(n_states, -1);
    ck_assert_double_eq(rate, -1);
}

START_TEST(numbers_out_of_range_are_refused)
{
    check_refused((sluice_sgd_config){0}, "learning rate");
    check_refused((sluice_sgd_config){.learning_rate = -1}, "learning rate");
    check_refused((sluice_sgd_config){.learning_rate = NAN}, "learning rate");
    check_refused((sluice_sgd_config){.learning_rate = INFINITY},
                  "learning rate");
    check_refused((sluice_sgd_config){.learning_rate = 1e39}, "learning rate");
    check_refused((sluice_sgd_config){.learning_rate = 1, .weight_decay = 1e39},
                  "weight decay");
    check_refused((sluice_sgd_config){.learning_rate = 1, .momentum = 1},
                  "momentum");
    check_refused((sluice_sgd_config){.learning_rate = 1, .momentum = -0.1},
                  "momentum");
    check_refused((sluice_sgd_config){.learning_rate = 1, .momentum = NAN},
                  "momentum");
    check_refused((sluice_sgd_config){.learning_rate = 1, .weight_decay = -1},
                  "weight decay");
    check_refused((sluice_sgd_config){.learning_rate = 1, .weight_decay = NAN},
                  "weight decay");
    check_refused(
        (sluice_sgd_config){.learning_rate = 1, .weight_decay = INFINITY},
        "weight decay");
    check_refused((sluice_sgd_config){.learning_rate = 1, .nesterov = true},
                  "momentum");
}
END_TEST

SLUICE_TEST_MAIN("nn.sgd", steps_follow_the_definition,
                 four_steps_worked_out_by_hand,
                 numbers_out_of_range_are_refused)

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

START_TEST(a_clip_scales_the_gradient_by_the_norm_of_all)
{
    const sluice_sgd_config sgd = {.learning_rate = 0.5, .clip = 2};
    ck_assert(sluice_sgd()->wants_total(&sgd));
    ck_assert(
        !sluice_sgd()->wants_total(&(sluice_sgd_config){.learning_rate = 0.5}));
    enum { LONG = 2500 };
    static float w[LONG], g[LONG];
    /* Norms of 8, which is scaled by 1/4, and of 1. */
    static const double totals[] = {64, 1}, factors[] = {2 / (8 + 1e-6), 1};
    for (int t = 0; t < 2; t++) {
        for (int i = 0; i < LONG; i++) {
            w[i] = 0;
            g[i] = (float)(i % 9 - 4);
        }
        sluice_optimizer_call call = {.config = &sgd,
                                      .learning_rate = 0.5,
                                      .n = LONG,
                                      .w = w,
                                      .g = g,
                                      .total = totals[t]};
        ck_assert(!sluice_sgd()->prepare(&call));
        sluice_sgd()->apply(&call);
        for (int i = 0; i < LONG; i++) {
            ck_assert_float_eq(
                w[i], -0.5F * ((float)(i % 9 - 4) * (float)factors[t]));
            ck_assert_float_eq(g[i], (float)(i % 9 - 4));
        }
    }
    sluice_optimizer_call call = {.config = &sgd, .n = 3, .g = g};
    ck_assert_double_eq(sluice_sgd()->measure(&call), 16 + 9 + 4);
    call.total = NAN;
    ck_assert_int_eq(sluice_sgd()->prepare(&call), SLUICE_NOT_FINITE);
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
    check_refused((sluice_sgd_config){.learning_rate = 1, .clip = -1}, "clip");
    check_refused((sluice_sgd_config){.learning_rate = 1, .clip = NAN}, "clip");
    check_refused((sluice_sgd_config){.learning_rate = 1, .nesterov = true},
                  "momentum");
}
END_TEST

SLUICE_TEST_MAIN("nn.sgd", steps_follow_the_definition,
                 four_steps_worked_out_by_hand,
                 a_clip_scales_the_gradient_by_the_norm_of_all,
                 numbers_out_of_range_are_refused)

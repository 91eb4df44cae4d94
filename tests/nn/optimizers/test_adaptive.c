/*
 * Adam, AdamW and RMSProp against what PyTorch made of the same gradients
 * (steps.txt, from make_steps.py), and what they refuse.
 */
#include <sluice/optimizer.h>

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/runner.h"

enum { MATRIX = 12, VECTOR = 5, N = MATRIX + VECTOR, STEPS = 20, LINE = 1024 };

static sluice_diag why;

/* Two tensors with their states, and an optimizer at work on them. */
struct training {
    sluice_optimizer_choice optimizer;
    double learning_rate;
    float w[N];
    float g[N];
    float state[SLUICE_OPTIMIZER_MAX_STATES][N];
    double path[N]; /* |w| at first, and what it has moved since */
};

/* As in make_steps.py; all are exact in float. */
static float weight(int tensor, int i)
{
    return (float)((i * 29 + tensor * 13) % 31 - 15) / 8;
}

static float gradient(int tensor, int i, int step)
{
    return (float)((i * 37 + tensor * 17 + step * 11) % 101 - 50) / 64;
}

static void begin(struct training *t, const char *text)
{
    int n_states;
    *t = (struct training){0};
    ck_assert_msg(!sluice_optimizer_parse(text, &t->optimizer, &why), "%s",
                  why.text);
    ck_assert_msg(!t->optimizer.ops->infer(&t->optimizer.config, &n_states,
                                           &t->learning_rate, &why),
                  "%s", why.text);
    for (int i = 0; i < N; i++) {
        t->w[i] = i < MATRIX ? weight(0, i) : weight(1, i - MATRIX);
        t->path[i] = fabs((double)t->w[i]);
    }
}

static sluice_optimizer_call call_of(struct training *t, int tensor, int step,
                                     const sluice_shape shapes[2])
{
    int first = tensor ? MATRIX : 0;
    sluice_optimizer_call call = {
        .config = &t->optimizer.config,
        .learning_rate = t->learning_rate,
        .step = (uint64_t)step,
        .n = tensor ? VECTOR : MATRIX,
        .w = t->w + first,
        .g = t->g + first,
        .why = &why,
        .shape = &shapes[tensor],
        .tensor = tensor,
    };
    for (int i = 0; i < SLUICE_OPTIMIZER_MAX_STATES; i++)
        call.state[i] = t->state[i] + first;
    return call;
}

/* One step with the gradients in t->g. */
static void step_on(struct training *t, int step)
{
    const sluice_shape shapes[] = {sluice_shape_matrix(3, 4),
                                   sluice_shape_vector(VECTOR)};
    const sluice_optimizer_ops *ops = t->optimizer.ops;
    double total = 0;
    float before[N];
    memcpy(before, t->w, sizeof before);
    for (int tensor = 0; tensor < 2; tensor++) {
        sluice_optimizer_call call = call_of(t, tensor, step, shapes);
        total += ops->measure(&call);
    }
    for (int tensor = 0; tensor < 2; tensor++) {
        sluice_optimizer_call call = call_of(t, tensor, step, shapes);
        call.total = total;
        ck_assert(!ops->prepare(&call));
        ops->apply(&call);
    }
    for (int i = 0; i < N; i++)
        t->path[i] += fabs((double)t->w[i] - (double)before[i]);
}

static void run_until(struct training *t, const char *text, int steps)
{
    begin(t, text);
    for (int step = 0; step < steps; step++) {
        for (int i = 0; i < N; i++)
            t->g[i] = i < MATRIX ? gradient(0, i, step)
                                 : gradient(1, i - MATRIX, step);
        step_on(t, step);
    }
}

/*
 * Of the 20 steps, each rounds w by 2^-24 of it at most, and what it takes from
 * w by a few times 2^-24 of that, most of it to either side: together less than
 * 1e-6 of the way from zero along which w came.
 */
static void check_line(char *line)
{
    struct training t;
    char *at = strchr(line, ' ');
    ck_assert_ptr_nonnull(at);
    *at++ = '\0';
    int steps = (int)strtol(at, &at, 10);
    run_until(&t, line, steps);
    for (int i = 0; i < N; i++) {
        double want = strtod(at, &at);
        double wrong = fabs((double)t.w[i] - want);
        ck_assert_msg(wrong <= 1e-6 * t.path[i],
                      "%s, step %d, element %d: %.9g, want %.9g", line, steps,
                      i, (double)t.w[i], want);
    }
    ck_assert_str_eq(at, "\n");
}

START_TEST(twenty_steps_are_those_of_pytorch)
{
    char line[LINE];
    int n = 0;
    FILE *file = fopen(SL_TEST_STEPS, "r");
    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof line, file))
        if (line[0] != '#') {
            check_line(line);
            n++;
        }
    fclose(file);
    ck_assert_int_eq(n, 17 * 3);
}
END_TEST

static const char *const plain[] = {"adam", "adamw:weight-decay=0", "rmsprop",
                                    "rmsprop:centered,momentum=0.9"};

START_TEST(a_gradient_of_zero_changes_nothing)
{
    for (int k = 0; k < 4; k++) {
        struct training t, first;
        begin(&first, plain[k]);
        begin(&t, plain[k]);
        for (int step = 0; step < 3; step++)
            step_on(&t, step);
        ck_assert_mem_eq(t.w, first.w, sizeof t.w);
    }
}
END_TEST

START_TEST(a_learning_rate_of_zero_changes_no_weight)
{
    static const char *const texts[] = {"adam:weight-decay=0.1", "adamw",
                                        "rmsprop:weight-decay=0.1"};
    for (int k = 0; k < 3; k++) {
        struct training t, first;
        begin(&first, texts[k]);
        begin(&t, texts[k]);
        t.learning_rate = 0;
        for (int i = 0; i < N; i++)
            t.g[i] = 1;
        step_on(&t, 0);
        ck_assert_mem_eq(t.w, first.w, sizeof t.w);
        ck_assert_float_gt(t.state[0][0], 0);
    }
}
END_TEST

/* The first step of Adam is the learning rate, however large the gradient. */
START_TEST(the_first_and_the_billionth_step_are_corrected_for_the_bias)
{
    static const int steps[] = {0, 1000000000};
    for (int k = 0; k < 2; k++) {
        struct training t;
        begin(&t, "adam:lr=0.5,beta1=0.5,beta2=0.25");
        for (int i = 0; i < N; i++) {
            t.w[i] = 0;
            t.g[i] = 1e-3F * (float)(i + 1);
        }
        step_on(&t, steps[k]);
        /* Without a correction m is g / 2, v is 3/4 g^2. */
        float want = k ? -0.5F * 0.5F / sqrtf(0.75F) : -0.5F;
        for (int i = 0; i < N; i++)
            ck_assert_float_eq_tol(t.w[i], want, 1e-4F);
    }
}
END_TEST

/* The spread of equal gradients is zero, which rounding makes negative. */
START_TEST(centered_rmsprop_stays_finite_with_equal_gradients)
{
    struct training t;
    begin(&t, "rmsprop:centered,alpha=0.99");
    for (int i = 0; i < N; i++)
        t.g[i] = 0.1F * (float)(i + 1);
    for (int step = 0; step < 2000; step++)
        step_on(&t, step);
    for (int i = 0; i < N; i++)
        ck_assert(isfinite(t.w[i]));
}
END_TEST

START_TEST(only_a_clip_reads_the_norm_and_refuses_one_that_is_not_finite)
{
    static const char *const names[] = {"adam", "adamw", "rmsprop"};
    for (int k = 0; k < 3; k++) {
        char text[64];
        struct training t;
        begin(&t, names[k]);
        ck_assert(!t.optimizer.ops->wants_total(&t.optimizer.config));
        sluice_optimizer_call call = {
            .config = &t.optimizer.config, .total = NAN, .why = &why};
        ck_assert(!t.optimizer.ops->prepare(&call));
        snprintf(text, sizeof text, "%s:clip=1", names[k]);
        begin(&t, text);
        ck_assert(t.optimizer.ops->wants_total(&t.optimizer.config));
        ck_assert_int_eq(t.optimizer.ops->prepare(&call), SLUICE_NOT_FINITE);
        snprintf(text, sizeof text, "%s: the norm of the gradients is NaN",
                 names[k]);
        ck_assert_msg(!strncmp(why.text, text, strlen(text)), "%s", why.text);
    }
}
END_TEST

static void check_refused(const sluice_optimizer_ops *ops, const void *config,
                          const char *text)
{
    int n_states = -1;
    double rate = -1;
    ck_assert_int_eq(ops->infer(config, &n_states, &rate, &why),
                     SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, text), "%s", why.text);
    ck_assert_int_eq(n_states, -1);
    ck_assert_double_eq(rate, -1);
}

static void check_adam(const sluice_optimizer_ops *ops)
{
    const sluice_adam_config fine = {0.001, 0.9, 0.999, 1e-8, 0, 0, false};
    sluice_adam_config bad = fine;
    bad.learning_rate = 0;
    check_refused(ops, &bad, "learning-rate is 0; it must be a number above 0");
    bad = fine, bad.learning_rate = NAN;
    check_refused(ops, &bad, "learning-rate is nan");
    bad = fine, bad.beta1 = 1;
    check_refused(ops, &bad, "beta1 is 1; it must be a number of at least 0");
    bad = fine, bad.beta2 = 0;
    check_refused(ops, &bad, "beta2 is 0; it must be a number above 0");
    bad = fine, bad.beta2 = 1;
    check_refused(ops, &bad, "beta2 is 1");
    bad = fine, bad.epsilon = 0;
    check_refused(ops, &bad, "epsilon is 0");
    bad = fine, bad.weight_decay = -1;
    check_refused(ops, &bad, "weight-decay is -1");
    bad = fine, bad.clip = INFINITY;
    check_refused(ops, &bad, "clip is inf");
}

START_TEST(numbers_out_of_bounds_are_refused)
{
    check_adam(sluice_adam());
    check_adam(sluice_adamw());
    const sluice_rmsprop_config fine = {0.01, 0.99, 1e-8,  0,
                                        0,    0,    false, false};
    sluice_rmsprop_config bad = fine;
    bad.learning_rate = INFINITY;
    check_refused(sluice_rmsprop(), &bad, "learning-rate is inf");
    bad = fine, bad.alpha = 0;
    check_refused(sluice_rmsprop(), &bad, "alpha is 0; it must be a number");
    bad = fine, bad.epsilon = -1e-8;
    check_refused(sluice_rmsprop(), &bad, "epsilon is -1e-08");
    bad = fine, bad.momentum = 1;
    check_refused(sluice_rmsprop(), &bad, "momentum is 1");
    bad = fine, bad.weight_decay = NAN;
    check_refused(sluice_rmsprop(), &bad, "weight-decay is nan");
    bad = fine, bad.clip = -1;
    check_refused(sluice_rmsprop(), &bad, "clip is -1");
}
END_TEST

START_TEST(states_are_as_many_as_the_options_need)
{
    static const struct {
        const char *text;
        int n_states;
    } want[] = {{"adam", 2},
                {"adamw", 2},
                {"rmsprop", 1},
                {"rmsprop:centered", 2},
                {"rmsprop:momentum=0.5", 2},
                {"rmsprop:centered,momentum=0.5", 3}};
    for (int k = 0; k < 6; k++) {
        sluice_optimizer_choice choice;
        double rate;
        int n_states;
        ck_assert(!sluice_optimizer_parse(want[k].text, &choice, &why));
        ck_assert(!choice.ops->infer(&choice.config, &n_states, &rate, &why));
        ck_assert_int_eq(n_states, want[k].n_states);
    }
}
END_TEST

SLUICE_TEST_MAIN("nn.adaptive", twenty_steps_are_those_of_pytorch,
                 a_gradient_of_zero_changes_nothing,
                 a_learning_rate_of_zero_changes_no_weight,
                 the_first_and_the_billionth_step_are_corrected_for_the_bias,
                 centered_rmsprop_stays_finite_with_equal_gradients,
                 only_a_clip_reads_the_norm_and_refuses_one_that_is_not_finite,
                 numbers_out_of_bounds_are_refused,
                 states_are_as_many_as_the_options_need)

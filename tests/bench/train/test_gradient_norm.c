/* The norm that train tells, against the step that plain SGD made. */
#include "bench/train/gradient_norm.h"

#include <math.h>

#include <sluice/loss.h>
#include <sluice/optimizer.h>

#include "support/runner.h"

enum { ROWS = 6, IN = 4, OUT = 2, MOST = 32 };

static const double rate = 64; /* so that a step is large beside its weights */
static const sluice_progress step_done = {.epoch_end = false};

static struct {
    sluice_model *model;
    sluice_pipeline *pipe;
    struct gradient_norm norm;
} set;

static void enter(int devices)
{
    const sluice_sgd_config sgd = {.learning_rate = rate};
    const sluice_pipeline_config config = {
        .schedule = {.devices = devices, .microbatches = 3},
        .batch = ROWS,
        .loss = sluice_mean_squared_error(),
        .optimizer = sluice_sgd(),
        .optimizer_config = &sgd,
        .seed = 3,
    };
    ck_assert(!sluice_model_parse("4-3-2:tanh", NULL, &set.model, NULL));
    ck_assert(!sluice_pipeline_create(&config, set.model, &set.pipe, NULL));
    ck_assert(!gradient_norm_init(&set.norm, set.model, NULL));
}

static void leave(void)
{
    gradient_norm_fini(&set.norm);
    sluice_pipeline_destroy(set.pipe);
    sluice_model_destroy(set.model);
}

static int copy_parameters(float *all)
{
    sluice_parameter at = {0};
    int n = 0;
    while (sluice_model_next_parameter(set.model, &at)) {
        ck_assert_int_le(n + at.n, MOST);
        ck_assert(!sluice_pipeline_get_parameter(set.pipe, at.name, all + n,
                                                 at.n, NULL));
        n += (int)at.n;
    }
    return n;
}

static double step(void)
{
    float x[ROWS * IN], y[ROWS * OUT];
    for (int i = 0; i < ROWS * IN; i++)
        x[i] = (float)(i % 5) - 2;
    for (int i = 0; i < ROWS * OUT; i++)
        y[i] = (float)(i % 3);
    ck_assert(!sluice_pipeline_step(set.pipe, x, y, ROWS, NULL, NULL));
    return gradient_norm(&set.norm, set.pipe, &step_done);
}

START_TEST(it_is_the_length_of_the_step_over_the_rate)
{
    float was[MOST], is[MOST];
    double sum = 0;
    enter(1);
    int n = copy_parameters(was);
    double norm = step();
    ck_assert_int_eq(copy_parameters(is), n);
    for (int i = 0; i < n; i++)
        sum += pow(((double)was[i] - (double)is[i]) / rate, 2);
    ck_assert_double_gt(norm, 0);
    /* The weights are rounded to float after the step. */
    ck_assert_double_eq_tol(norm, sqrt(sum), 1e-6 * norm);
    leave();
}
END_TEST

START_TEST(no_cut_changes_it)
{
    enter(1);
    double one = step();
    leave();
    enter(2);
    ck_assert_double_eq(step(), one);
    leave();
}
END_TEST

START_TEST(where_there_is_none_it_is_nan)
{
    const sluice_progress epoch_done = {.epoch_end = true};
    const struct gradient_norm none = {.room = NULL};
    enter(1);
    step();
    ck_assert(isnan(gradient_norm(&set.norm, set.pipe, &epoch_done)));
    ck_assert(isnan(gradient_norm(&none, set.pipe, &step_done)));
    leave();
}
END_TEST

SLUICE_TEST_MAIN("bench.gradient_norm",
                 it_is_the_length_of_the_step_over_the_rate, no_cut_changes_it,
                 where_there_is_none_it_is_nan)

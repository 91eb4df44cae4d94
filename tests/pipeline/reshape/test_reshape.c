/*
 * A reshape: what it keeps, what it refuses, and that it trains on as a
 * pipeline of that shape which was given the same state.
 */
#include <sluice/decode.h>
#include <sluice/pipeline_state.h>
#include <sluice/reference.h>
#include <sluice/reshape.h>

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/problem.h"
#include "support/process.h"
#include "support/runner.h"

enum { LAYERS = 8, BATCH = 12, MOST = 4096 };

static struct sl_test_problem problem;
static sluice_pipeline *pipe_under_test;
static sluice_pipeline_config config;
static sluice_diag why;

static void start(enum sl_test_kind kind, const char *model)
{
    problem = (struct sl_test_problem){0};
    ck_assert(!sl_test_problem_init(&problem, kind, LAYERS, BATCH, NULL));
    problem.sgd.momentum = 0.9;
    if (model) {
        sluice_model_destroy(problem.model);
        problem.model = NULL;
        ck_assert_msg(!sluice_model_parse(model, NULL, &problem.model, &why),
                      "%s", why.text);
    }
    config = problem.config;
    config.schedule.devices = 2;
    config.schedule.microbatches = 4;
    config.schedule.name = "1f1b";
    ck_assert_msg(
        !sluice_pipeline_create(&config, problem.model, &pipe_under_test, &why),
        "%s", why.text);
}

static void end(void)
{
    sluice_pipeline_destroy(pipe_under_test);
    sl_test_problem_fini(&problem);
}

static void step(sluice_pipeline *pipe)
{
    ck_assert_msg(!sluice_pipeline_step(pipe, problem.x, problem.targets, BATCH,
                                        NULL, &why),
                  "%s", why.text);
}

static void reshape(void)
{
    ck_assert_msg(!sluice_pipeline_reshape(pipe_under_test, &config, &why),
                  "%s", why.text);
}

/* Tensors that differ in a bit. */
static int n_different(const sluice_pipeline *a, const sluice_pipeline *b)
{
    static float x[MOST], y[MOST];
    int n = 0;
    sluice_state_tensor at = {.state = 0};
    while (sluice_pipeline_next_tensor(a, &at)) {
        ck_assert_int_le(at.parameter.n, MOST);
        sluice_pipeline_get_tensor(a, at.name, x, at.parameter.n, NULL);
        sluice_pipeline_get_tensor(b, at.name, y, at.parameter.n, NULL);
        n += memcmp(x, y, (size_t)at.parameter.n * sizeof *x) != 0;
    }
    return n;
}

/* A new pipeline of that shape, given what the one under test has. */
static sluice_pipeline *make_equal(void)
{
    static float values[MOST];
    sluice_pipeline *pipe;
    sluice_state_tensor at = {.state = 0};
    ck_assert_msg(!sluice_pipeline_create(&config, problem.model, &pipe, &why),
                  "%s", why.text);
    while (sluice_pipeline_next_tensor(pipe, &at)) {
        sluice_pipeline_get_tensor(pipe_under_test, at.name, values,
                                   at.parameter.n, NULL);
        sluice_pipeline_set_tensor(pipe, at.name, values, at.parameter.n, NULL);
    }
    sluice_pipeline_set_n_steps(pipe, sluice_pipeline_n_steps(pipe_under_test));
    return pipe;
}

/* Reshape to `config` after two steps, and train beside a new pipeline. */
static void check_trains_on(const char *what)
{
    for (int s = 0; s < 2; s++)
        step(pipe_under_test);
    sluice_pipeline *other = make_equal();
    reshape();
    ck_assert_msg(!n_different(pipe_under_test, other), "%s, moved", what);
    for (int s = 0; s < 3; s++) {
        step(pipe_under_test);
        step(other);
    }
    ck_assert_msg(!n_different(pipe_under_test, other), "%s", what);
    sluice_pipeline_destroy(other);
}

START_TEST(asynchronous_schedules_are_reshaped_exactly)
{
    start(SL_TEST_RELU, NULL);
    config.schedule.name = "pipedream";
    check_trains_on("to pipedream");
    config.schedule.devices = 4;
    check_trains_on("pipedream, of more devices");
    config.schedule.name = "pipedream-2bw";
    check_trains_on("to pipedream-2bw");
    config.schedule.name = "gpipe";
    config.replicas = 2;
    check_trains_on("back to gpipe");
    end();
}
END_TEST

START_TEST(teams_and_cut_vocabularies_are_put_together_and_shared_out_again)
{
    start(SL_TEST_RELU, "input(6); linear(8, activation=relu); "
                        "linear(8, activation=tanh); linear(6); head(5)");
    config.team = 2;
    check_trains_on("to teams");
    config.team = 1;
    config.vocabulary_parallel = true;
    config.schedule.devices = 3;
    check_trains_on("to a cut vocabulary");
    config.schedule.devices = 2;
    check_trains_on("of fewer parts");
    config.vocabulary_parallel = false;
    check_trains_on("to a whole one");
    end();
}
END_TEST

START_TEST(what_training_means_is_not_changed)
{
    const sluice_sgd_config other = {.learning_rate = 0.25, .momentum = 0.9};
    const sluice_adam_config adam = {
        .learning_rate = 0.1, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8};
    start(SL_TEST_RELU, NULL);
    step(pipe_under_test);
    sluice_pipeline *same = make_equal();
    const sluice_pipeline_config as_created = config;
    static const struct {
        const char *names; /* in the sentence */
        const char *value;
    } told[] = {{"`batch`", "24"},
                {"`seed`", "43"},
                {"`loss`", "mse"},
                {"`optimizer`", "adam"},
                {"`optimizer_config`", "learning-rate=0.25"},
                {"`allocator`", "the same"}};
    const sluice_allocator allocator = {.context = NULL};
    for (int i = 0; i < 6; i++) {
        config = as_created;
        config.batch += i == 0 ? BATCH : 0;
        config.seed += i == 1;
        config.loss = i == 2 ? sluice_mean_squared_error() : config.loss;
        config.optimizer = i == 3 ? sluice_adam() : config.optimizer;
        if (i == 3)
            config.optimizer_config = &adam;
        if (i == 4)
            config.optimizer_config = &other;
        if (i == 5)
            config.allocator = &allocator;
        ck_assert_int_eq(
            sluice_pipeline_reshape(pipe_under_test, &config, &why),
            SLUICE_INVALID);
        ck_assert_msg(strstr(why.text, told[i].names) &&
                          strstr(why.text, told[i].value),
                      "%s", why.text);
    }
    config = as_created;
    config.schedule.devices = LAYERS + 1;
    ck_assert_int_eq(sluice_pipeline_reshape(pipe_under_test, &config, &why),
                     SLUICE_INVALID);
    step(pipe_under_test);
    step(same);
    ck_assert_int_eq(n_different(pipe_under_test, same), 0);
    ck_assert_uint_eq(sluice_pipeline_n_reshapes(pipe_under_test), 0);
    sluice_pipeline_destroy(same);
    end();
}
END_TEST

/* Bytes between the fields, and behind the end of a text. */
START_TEST(bytes_that_mean_nothing_are_not_compared)
{
    struct {
        sluice_sgd_config sgd;
        sluice_cross_entropy_config loss;
    } same;
    memset(&same, 0x55, sizeof same);
    start(SL_TEST_RELU, NULL);
    config.loss = sluice_cross_entropy();
    config.loss_config = &(sluice_cross_entropy_config){.classes = 0};
    sluice_pipeline_destroy(pipe_under_test);
    ck_assert(!sluice_pipeline_create(&config, problem.model, &pipe_under_test,
                                      &why));
    same.sgd.learning_rate = problem.sgd.learning_rate;
    same.sgd.momentum = problem.sgd.momentum;
    same.sgd.weight_decay = problem.sgd.weight_decay;
    same.sgd.nesterov = problem.sgd.nesterov;
    same.sgd.clip = problem.sgd.clip;
    same.sgd.decay_only[0] = '\0';
    same.loss.label_smoothing = 0;
    same.loss.ignore = 0;
    same.loss.classes = 0;
    config.optimizer_config = &same.sgd;
    config.loss_config = &same.loss;
    reshape();
    same.sgd.clip = 1;
    ck_assert_int_eq(sluice_pipeline_reshape(pipe_under_test, &config, &why),
                     SLUICE_INVALID);
    end();
}
END_TEST

START_TEST(rate_steps_and_cancellation_are_kept_and_the_trace_is_not)
{
    sluice_trace trace;
    start(SL_TEST_RELU, NULL);
    config.trace = true;
    reshape();
    step(pipe_under_test);
    ck_assert(!sluice_pipeline_trace(pipe_under_test, &trace, &why));
    ck_assert(!sluice_pipeline_set_learning_rate(pipe_under_test, 0));
    config.schedule.devices = 4;
    sluice_pipeline *other = make_equal();
    reshape();
    ck_assert_int_eq(sluice_pipeline_n_devices(pipe_under_test), 4);
    ck_assert_int_eq(sluice_pipeline_trace(pipe_under_test, &trace, &why),
                     SLUICE_INVALID);
    ck_assert(!sluice_pipeline_set_learning_rate(other, 0));
    step(pipe_under_test);
    step(other);
    ck_assert_int_eq(n_different(pipe_under_test, other), 0);
    ck_assert(!sluice_pipeline_trace(pipe_under_test, &trace, &why));
    ck_assert_int_eq(trace.n_devices, 4);
    sluice_pipeline_destroy(other);
    sluice_pipeline_set_cancelled(pipe_under_test, true);
    config.schedule.devices = 3;
    reshape();
    ck_assert_int_eq(sluice_pipeline_step(pipe_under_test, problem.x,
                                          problem.targets, BATCH, NULL, &why),
                     SLUICE_CANCELLED);
    sluice_pipeline_set_cancelled(pipe_under_test, false);
    ck_assert_uint_eq(sluice_pipeline_n_steps(pipe_under_test), 2);
    step(pipe_under_test);
    end();
}
END_TEST

/* Descriptors besides those of cores, of which another program may have some
 * at one time and not at another. */
static int descriptors_of_no_core(void)
{
    int n = sl_test_descriptors();
    for (int d = 0; d < sluice_pipeline_n_devices(pipe_under_test); d++) {
        sluice_device_info device;
        sluice_pipeline_device(pipe_under_test, d, &device);
        n -= device.core >= 0;
    }
    return n;
}

START_TEST(nothing_of_the_old_shape_stays)
{
    start(SL_TEST_NORM, NULL);
    reshape(); /* what the process sets up once is there */
    int threads = sl_test_threads_at_rest();
    int descriptors = descriptors_of_no_core();
    for (int i = 0; i < 6; i++) {
        config.schedule.devices = i % 2 ? 2 : 1 + i;
        reshape();
        step(pipe_under_test);
    }
    ck_assert(sl_test_threads_return_to(threads));
    ck_assert_int_eq(descriptors_of_no_core(), descriptors);
    end();
}
END_TEST

START_TEST(a_device_keeps_the_core_of_the_old_shape)
{
    sluice_device_info before, now;
    start(SL_TEST_RELU, NULL);
    sluice_pipeline_device(pipe_under_test, 0, &before);
    config.partition = (int[]){LAYERS - 1, 1};
    config.cut = SLUICE_CUT_LIST;
    reshape();
    sluice_pipeline_device(pipe_under_test, 0, &now);
    if (before.core >= 0) /* another program may have had them all */
        ck_assert_int_eq(now.core, before.core);
    ck_assert_int_eq(now.n_layers, LAYERS - 1);
    end();
}
END_TEST

START_TEST(a_decoder_goes_on)
{
    static const char text[] =
        "input(6, int32); gpt2(layers=2, heads=2, width=8, vocabulary=7, "
        "context=6)";
    float y[2][7], again[7];
    sluice_decoder *decoder;
    start(SL_TEST_GPT, text);
    ck_assert(!sluice_decoder_create(pipe_under_test, &decoder, &why));
    ck_assert(!sluice_decoder_next(decoder, 3, y[0], &why));
    ck_assert(!sluice_decoder_next(decoder, 5, y[1], &why));
    sluice_decoder_rewind(decoder);
    ck_assert(!sluice_decoder_next(decoder, 3, again, &why));
    config.schedule.devices = 3;
    reshape();
    ck_assert(!sluice_decoder_next(decoder, 5, again, &why));
    ck_assert(!memcmp(again, y[1], sizeof again));
    sluice_decoder_destroy(decoder);
    end();
}
END_TEST

START_TEST(a_decoder_follows_a_shape_that_divides_parameters)
{
    static const char text[] =
        "input(6, int32); embedding(7, width=8); attention(2, causal); "
        "head(7)";
    float y[2][7], again[7];
    sluice_decoder *decoder;
    start(SL_TEST_GPT, text);
    ck_assert(!sluice_decoder_create(pipe_under_test, &decoder, &why));
    ck_assert(!sluice_decoder_next(decoder, 3, y[0], &why));
    ck_assert(!sluice_decoder_next(decoder, 5, y[1], &why));
    sluice_decoder_rewind(decoder);
    config.team = 2;
    reshape();
    ck_assert(!sluice_decoder_next(decoder, 3, again, &why));
    ck_assert(!memcmp(again, y[0], sizeof again));
    config.team = 1;
    config.vocabulary_parallel = true;
    reshape();
    ck_assert(!sluice_decoder_next(decoder, 5, again, &why));
    ck_assert(!memcmp(again, y[1], sizeof again));
    sluice_decoder_destroy(decoder);
    end();
}
END_TEST

static atomic_bool over;
static atomic_long n_looks;

static void *look_and_cancel(void *context)
{
    sluice_pipeline *pipe = context;
    sluice_activity activity;
    while (!atomic_load(&over)) {
        int n = sluice_pipeline_n_devices(pipe);
        for (int d = 0; d <= n; d++)
            sluice_pipeline_activity(pipe, d, &activity);
        sluice_pipeline_cancel(pipe);
        atomic_fetch_add(&n_looks, 1);
    }
    return NULL;
}

START_TEST(other_threads_look_and_cancel_meanwhile)
{
    pthread_t thread;
    start(SL_TEST_RELU, NULL);
    atomic_store(&over, false);
    ck_assert(!pthread_create(&thread, NULL, look_and_cancel, pipe_under_test));
    for (int i = 0; i < 30 || atomic_load(&n_looks) < 30; i++) {
        config.schedule.devices = 1 + i % 4;
        reshape();
        sluice_status st = sluice_pipeline_step(
            pipe_under_test, problem.x, problem.targets, BATCH, NULL, &why);
        ck_assert(!st || st == SLUICE_CANCELLED);
    }
    atomic_store(&over, true);
    pthread_join(thread, NULL);
    step(pipe_under_test);
    end();
}
END_TEST

START_TEST(a_reference_goes_on_from_one_of_the_same_model_and_optimizer)
{
    sluice_reference *ref, *other;
    sluice_model *model;
    start(SL_TEST_RELU, NULL);
    ck_assert(!sluice_model_parse("6-5", NULL, &model, &why));
    ck_assert(!sluice_reference_create(&config, problem.model, &ref, &why));
    ck_assert(!sluice_reference_create(&config, model, &other, &why));
    ck_assert_int_eq(sluice_reference_continue(ref, other, &why),
                     SLUICE_INVALID);
    ck_assert_str_eq(why.text, "the two references have different models; "
                               "create both from one");
    sluice_reference_destroy(other);
    problem.sgd.momentum = 0;
    ck_assert(!sluice_reference_create(&config, problem.model, &other, &why));
    ck_assert_int_eq(sluice_reference_continue(ref, other, &why),
                     SLUICE_INVALID);
    ck_assert_str_eq(why.text,
                     "the optimizer keeps 1 states of each parameter, and that "
                     "of the other reference 0; create both with one");
    sluice_reference_destroy(other);
    sluice_reference_destroy(ref);
    sluice_model_destroy(model);
    end();
}
END_TEST

#ifndef __SANITIZE_THREAD__
START_TEST(a_child_of_fork_is_refused)
{
    start(SL_TEST_RELU, NULL);
    pid_t pid = fork();
    if (!pid) {
        sluice_status st =
            sluice_pipeline_reshape(pipe_under_test, &config, &why);
        sluice_pipeline_destroy(pipe_under_test);
        _exit(st == SLUICE_INVALID && strstr(why.text, "fork") ? 0 : 1);
    }
    int status = 1;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    reshape();
    step(pipe_under_test);
    end();
}
END_TEST
#endif

SLUICE_TEST_MAIN(
    "pipeline.reshape", asynchronous_schedules_are_reshaped_exactly,
    teams_and_cut_vocabularies_are_put_together_and_shared_out_again,
    what_training_means_is_not_changed,
    bytes_that_mean_nothing_are_not_compared,
    rate_steps_and_cancellation_are_kept_and_the_trace_is_not,
    nothing_of_the_old_shape_stays, a_device_keeps_the_core_of_the_old_shape,
    a_decoder_goes_on, a_decoder_follows_a_shape_that_divides_parameters,
    other_threads_look_and_cancel_meanwhile,
    a_reference_goes_on_from_one_of_the_same_model_and_optimizer,
#ifndef __SANITIZE_THREAD__
    a_child_of_fork_is_refused
#endif
)

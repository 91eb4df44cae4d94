/* A training that is adapted: a device told to be slow hands layers over, and
 * the bits stay. */
#include <sluice/adapt.h>
#include <sluice/reshape.h>

#include <string.h>

#include "support/runner.h"

enum { BATCH = 8, WIDTH = 3, REACTION = 20, BEFORE = 10, CLASSES = 3 };

static const char text[] =
    "input(3); timed(forward-ns=300000, input-ns=300000, weight-ns=300000)x4; "
    "linear(3)";

static float x[BATCH * WIDTH];
static int32_t labels[BATCH];
static sluice_model *model;
static sluice_pipeline_config config;
static sluice_diag why;

static sluice_pipeline *begin(void)
{
    static const sluice_sgd_config sgd = {.learning_rate = 0.1};
    sluice_pipeline *pipe;
    for (int i = 0; i < BATCH * WIDTH; i++)
        x[i] = (float)(i % 5) / 4;
    for (int i = 0; i < BATCH; i++)
        labels[i] = i % CLASSES;
    ck_assert_msg(!sluice_model_parse(text, NULL, &model, &why), "%s",
                  why.text);
    config = (sluice_pipeline_config){
        .schedule = {.name = "1f1b", .devices = 2, .microbatches = 4},
        .batch = BATCH,
        .loss = sluice_cross_entropy(),
        .optimizer = sluice_sgd(),
        .optimizer_config = &sgd,
        .trace = true,
    };
    ck_assert_msg(!sluice_pipeline_create(&config, model, &pipe, &why), "%s",
                  why.text);
    return pipe;
}

static void end(sluice_pipeline *pipe)
{
    sluice_pipeline_destroy(pipe);
    sluice_model_destroy(model);
}

static void step(sluice_pipeline *pipe)
{
    ck_assert_msg(!sluice_pipeline_step(pipe, x, labels, BATCH, NULL, &why),
                  "%s", why.text);
}

/* The bits of as many steps without an adapter. */
static void check_bits(const sluice_pipeline *adapted, uint64_t n)
{
    float a[WIDTH * CLASSES], b[WIDTH * CLASSES];
    sluice_pipeline *pipe;
    ck_assert(!sluice_pipeline_create(&config, model, &pipe, &why));
    for (uint64_t i = 0; i < n; i++)
        step(pipe);
    sluice_pipeline_get_parameter(adapted, "4.weight", a, WIDTH * CLASSES,
                                  NULL);
    sluice_pipeline_get_parameter(pipe, "4.weight", b, WIDTH * CLASSES, NULL);
    ck_assert(!memcmp(a, b, sizeof a));
    sluice_pipeline_destroy(pipe);
}

/* Steps until there is news, all of which are looked at. */
static sluice_adaptation await_news(sluice_adapter *adapter,
                                    sluice_pipeline *pipe)
{
    sluice_adaptation news;
    int n = 0;
    do {
        step(pipe);
        ck_assert(!sluice_adapter_step(adapter, pipe, &news, &why));
        ck_assert_int_le(++n, REACTION);
    } while (news.what == SLUICE_ADAPT_NOTHING);
    return news;
}

static int layers_of(const sluice_pipeline *pipe, int device)
{
    sluice_device_info info;
    sluice_pipeline_device(pipe, device, &info);
    return info.n_layers;
}

START_TEST(a_slowed_device_hands_layers_over_within_twenty_steps)
{
    sluice_adapter *adapter;
    sluice_pipeline *pipe = begin();
    const sluice_adapt_config adapt = {
        .model = model, .pipeline = &config, .margin = 0.5};
    int first = layers_of(pipe, 0);
    ck_assert_msg(!sluice_adapter_create(&adapt, pipe, &adapter, &why), "%s",
                  why.text);
    for (int i = 0; i < BEFORE; i++) {
        sluice_adaptation news;
        step(pipe);
        ck_assert(!sluice_adapter_step(adapter, pipe, &news, &why));
    }
    ck_assert(!sluice_adapter_set_speeds(adapter, pipe, (double[]){1, 0.125}, 2,
                                         &why));
    sluice_adaptation news = await_news(adapter, pipe);
    ck_assert_int_eq(news.what, SLUICE_ADAPT_RESHAPED);
    ck_assert_int_eq(news.device, 1);
    ck_assert_msg(news.predicted_ns < news.before_ns &&
                      strstr(news.text, "instead of 3,2"),
                  "%s", news.text);
    /* Now a step takes longer than before. */
    ck_assert(!sluice_adapter_set_speeds(adapter, pipe, (double[]){0.0625, 1},
                                         2, &why));
    news = await_news(adapter, pipe);
    ck_assert_int_eq(news.what, SLUICE_ADAPT_RESHAPED);
    ck_assert_msg(strstr(news.text, "back to layers 3,2"), "%s", news.text);
    ck_assert_int_eq(layers_of(pipe, 0), first);
    ck_assert_uint_eq(sluice_pipeline_n_reshapes(pipe), 2);
    step(pipe);
    check_bits(pipe, sluice_pipeline_n_steps(pipe));
    sluice_adapter_destroy(adapter);
    end(pipe);
}
END_TEST

START_TEST(what_it_cannot_plan_is_refused)
{
    static const struct {
        const char *names;
        int replicas;
        bool traces;
        double margin;
        int window;
        bool custom;
    } cases[] = {
        {"adapting plans one pipeline in one process, with a synchronous "
         "schedule: no replicas",
         2, true, 0.1, 0, false},
        {"adapting needs the pipeline's `trace`, which tells what actions take",
         1, false, 0.1, 0, false},
        {"a margin of -1; give 0 to 10, 0.1 being 10 %", 1, true, -1, 0, false},
        {"a window of 4 steps; give an odd number to 63", 1, true, 0.1, 4,
         false},
        {"a custom schedule has no generator that makes it for another number "
         "of devices",
         1, true, 0.1, 0, true}};
    sluice_schedule *schedule;
    ck_assert(!sluice_schedule_generate(
        &(sluice_schedule_config){.devices = 2, .microbatches = 4}, &schedule,
        NULL));
    sluice_pipeline *pipe = begin();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sluice_adapter *adapter;
        config.uneven = true;
        config.replicas = cases[i].replicas;
        config.trace = cases[i].traces;
        config.custom = cases[i].custom ? schedule : NULL;
        ck_assert(!sluice_pipeline_reshape(pipe, &config, &why));
        const sluice_adapt_config adapt = {.model = model,
                                           .pipeline = &config,
                                           .margin = cases[i].margin,
                                           .window = cases[i].window};
        ck_assert_int_eq(sluice_adapter_create(&adapt, pipe, &adapter, &why),
                         SLUICE_INVALID);
        ck_assert_msg(strstr(why.text, cases[i].names), "%s", why.text);
    }
    sluice_schedule_destroy(schedule);
    end(pipe);
}
END_TEST

START_TEST(speeds_are_one_for_each_device)
{
    sluice_adapter *adapter;
    sluice_pipeline *pipe = begin();
    const sluice_adapt_config adapt = {.model = model, .pipeline = &config};
    ck_assert(!sluice_adapter_create(&adapt, pipe, &adapter, &why));
    ck_assert_int_eq(
        sluice_adapter_set_speeds(adapter, pipe, (double[]){1, 1, 1}, 3, &why),
        SLUICE_INVALID);
    ck_assert_str_eq(why.text, "3 speeds for 2 devices: give one for each with "
                               "which the training began");
    ck_assert_int_eq(sluice_pipeline_set_speeds(pipe, (double[]){1}, 1, &why),
                     SLUICE_INVALID);
    ck_assert_str_eq(why.text, "1 speeds for 2 devices: give one for each");
    ck_assert_int_eq(
        sluice_pipeline_set_speeds(pipe, (double[]){1, 2}, 2, &why),
        SLUICE_INVALID);
    sluice_adapter_destroy(adapter);
    end(pipe);
}
END_TEST

SLUICE_TEST_MAIN("train.adapter",
                 a_slowed_device_hands_layers_over_within_twenty_steps,
                 what_it_cannot_plan_is_refused, speeds_are_one_for_each_device)

/* A training that is adapted: a device told to be slow hands layers over, and
 * the bits stay. */
#include <sluice/adapt.h>
#include <sluice/reshape.h>

#include <sched.h>
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

/* The first two CPUs that this thread may run on; false: it has one. */
static bool find_cpus(int cpus[2])
{
    cpu_set_t set;
    int n = 0;
    if (sched_getaffinity(0, sizeof set, &set))
        return false;
    for (int i = 0; i < CPU_SETSIZE && n < 2; i++)
        if (CPU_ISSET(i, &set))
            cpus[n++] = i;
    return n == 2;
}

static void run_on(const int *cpus, int n)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    for (int i = 0; i < n; i++)
        CPU_SET(cpus[i], &set);
    ck_assert(!sched_setaffinity(0, sizeof set, &set));
}

/* Pinned to two CPUs, one device with a cap that is just enough. */
static void pin_and_cap(sluice_pipeline *pipe, const int *cpus, size_t *caps,
                        int capped)
{
    sluice_device_info info;
    sluice_pipeline_device(pipe, capped, &info);
    caps[capped] = info.planned.total;
    config.device_caps = caps;
    config.pinning = SLUICE_PIN_LIST;
    config.pin_cpus = cpus;
    config.n_pin_cpus = 2;
    ck_assert_msg(!sluice_pipeline_reshape(pipe, &config, &why), "%s",
                  why.text);
}

/* One device takes longer than two did, and there is no way back. */
START_TEST(a_lost_core_is_not_gone_back_to_and_a_cap_goes_with_its_device)
{
    sluice_adapter *adapter;
    sluice_device_info info;
    size_t caps[2] = {0};
    int cpus[2];
    if (!find_cpus(cpus))
        return;
    sluice_pipeline *pipe = begin();
    pin_and_cap(pipe, cpus, caps, 0);
    const sluice_adapt_config adapt = {
        .model = model, .pipeline = &config, .margin = 0.1};
    ck_assert(!sluice_adapter_create(&adapt, pipe, &adapter, &why));
    run_on(cpus + 1, 1);
    sluice_adaptation news = await_news(adapter, pipe);
    ck_assert_msg(news.what == SLUICE_ADAPT_RESHAPED, "%s", news.text);
    ck_assert_int_eq(news.device, -1);
    ck_assert_int_eq(sluice_pipeline_n_devices(pipe), 1);
    sluice_pipeline_device(pipe, 0, &info);
    ck_assert_uint_gt(info.planned.total, caps[0]);
    news = await_news(adapter, pipe);
    ck_assert_msg(news.what == SLUICE_ADAPT_MEASURED, "%s", news.text);
    ck_assert_int_eq(sluice_pipeline_n_devices(pipe), 1);
    run_on(cpus, 2);
    sluice_adapter_destroy(adapter);
    end(pipe);
}
END_TEST

START_TEST(a_plan_keeps_to_the_caps)
{
    sluice_adapter *adapter;
    sluice_adaptation news;
    size_t caps[2] = {0};
    int cpus[2];
    if (!find_cpus(cpus))
        return;
    sluice_pipeline *pipe = begin();
    pin_and_cap(pipe, cpus, caps, 1);
    const sluice_adapt_config adapt = {.model = model, .pipeline = &config};
    ck_assert(!sluice_adapter_create(&adapt, pipe, &adapter, &why));
    run_on(cpus + 1, 1);
    for (int i = 0; i < REACTION; i++) {
        step(pipe);
        ck_assert(!sluice_adapter_step(adapter, pipe, &news, &why));
        ck_assert_msg(news.what == SLUICE_ADAPT_NOTHING, "%s", news.text);
    }
    run_on(cpus, 2);
    sluice_adapter_destroy(adapter);
    end(pipe);
}
END_TEST

START_TEST(more_stages_than_a_plan_can_have_are_refused)
{
    sluice_adapter *adapter;
    sluice_pipeline *pipe = begin();
    sluice_model *small = model;
    ck_assert(!sluice_model_parse("input(3); activate(relu)x259; linear(3)",
                                  NULL, &model, &why));
    sluice_pipeline_destroy(pipe);
    config.schedule = (sluice_schedule_config){.name = "interleaved-1f1b",
                                               .devices = 2,
                                               .microbatches = 4,
                                               .chunks = 130};
    ck_assert_msg(!sluice_pipeline_create(&config, model, &pipe, &why), "%s",
                  why.text);
    const sluice_adapt_config adapt = {.model = model, .pipeline = &config};
    ck_assert_int_eq(sluice_adapter_create(&adapt, pipe, &adapter, &why),
                     SLUICE_INVALID);
    ck_assert_str_eq(why.text, "adapting plans at most 256 stages, and the "
                               "pipeline has 260; give fewer chunks");
    sluice_model_destroy(small);
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
        {"adapting plans one pipeline with a synchronous "
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
                 a_lost_core_is_not_gone_back_to_and_a_cap_goes_with_its_device,
                 a_plan_keeps_to_the_caps,
                 more_stages_than_a_plan_can_have_are_refused,
                 what_it_cannot_plan_is_refused, speeds_are_one_for_each_device)

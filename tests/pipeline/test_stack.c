/*
 * The library as it is shipped, called by a thread with a stack of 128 KiB:
 * what is too deep for it crashes here.  Of that stack the thread-local
 * variables of OpenBLAS take 60 KiB, so 64 KiB are left.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sluice/sluice.h>

#include "support/runner.h"

enum {
    STACK_BYTES = 128 * 1024,
    MICROBATCHES = 16,
    LONG = 512, /* micro-batches of a schedule that does not run here */
    IN = 8,
    TEXT_BYTES = 1 << 20,
    DEEP = 4000, /* lists within lists */
};

/* What a thread does; the first sentence that should not be stays. */
struct task {
    void (*run)(struct task *task);
    const char *generator;
    sluice_diag why;
};

static void check(struct task *task, sluice_status st, const sluice_diag *why)
{
    if (st && !task->why.status)
        task->why = *why;
}

static void *main_of_task(void *context)
{
    struct task *task = context;
    task->run(task);
    return NULL;
}

static void run_on_a_small_stack(void (*run)(struct task *task),
                                 const char *generator)
{
    struct task task = {.run = run, .generator = generator};
    pthread_attr_t attr;
    pthread_t thread;
    ck_assert(!pthread_attr_init(&attr));
    ck_assert(!pthread_attr_setstacksize(&attr, STACK_BYTES));
    ck_assert(!pthread_create(&thread, &attr, main_of_task, &task));
    ck_assert(!pthread_attr_destroy(&attr));
    pthread_join(thread, NULL);
    ck_assert_msg(!task.why.status, "%s: %s", generator, task.why.text);
}

static sluice_status generate(const struct task *task, int microbatches,
                              sluice_schedule **out, sluice_diag *why)
{
    return sluice_schedule_generate(
        &(sluice_schedule_config){.name = task->generator,
                                  .devices = 4,
                                  .microbatches = microbatches},
        out, why);
}

/* The text of a schedule, read again. */
static void read_again(struct task *task, const sluice_schedule *schedule)
{
    sluice_diag why = {.status = SLUICE_OK};
    sluice_schedule *read = NULL;
    char *text = malloc(TEXT_BYTES);
    size_t n;
    sluice_status st =
        sluice_schedule_format_csv(schedule, false, text, TEXT_BYTES, &n, &why);
    if (!st)
        st = sluice_schedule_parse_csv(text, n, SLUICE_CSV_DETECT, NULL, &read,
                                       &why);
    check(task, st, &why);
    sluice_schedule_destroy(read);
    free(text);
}

typedef sluice_status pass(const sluice_schedule *schedule,
                           sluice_schedule **out, sluice_diag *why);

static sluice_status lower(const sluice_schedule *schedule,
                           sluice_schedule **out, sluice_diag *why)
{
    return sluice_schedule_lower(schedule, LONG, out, why);
}

static sluice_status recompute_early(const sluice_schedule *schedule,
                                     sluice_schedule **out, sluice_diag *why)
{
    const sluice_recompute_config config = {.remat = SLUICE_REMAT_ALWAYS,
                                            .early = true};
    return sluice_schedule_recompute(schedule, &config, out, why);
}

static void simulate(struct task *task, const sluice_schedule *schedule)
{
    static const int64_t costs[SLUICE_N_ACTION_KINDS] = {
        [SLUICE_F] = 10, [SLUICE_B] = 20, [SLUICE_I] = 10,
        [SLUICE_W] = 10, [SLUICE_R] = 10, [SLUICE_UPDATE] = 1};
    sluice_diag why;
    sluice_simulation *simulation = NULL;
    sluice_attribution attribution;
    const sluice_simulate_config config = {.costs_ns = costs,
                                           .queue_capacity = LONG};
    sluice_status st = sluice_simulate(schedule, &config, &simulation, &why);
    if (!st)
        st = sluice_trace_attribute(sluice_simulation_trace(simulation), NULL,
                                    NULL, &attribution, &why);
    check(task, st, &why);
    sluice_simulation_destroy(simulation);
}

static void use_schedule(struct task *task)
{
    static pass *const passes[] = {lower, recompute_early,
                                   sluice_schedule_merge_backward,
                                   sluice_schedule_split_backward};
    sluice_diag why;
    sluice_schedule *schedule, *other;
    sluice_status st = generate(task, LONG, &schedule, &why);
    check(task, st, &why);
    if (st)
        return;
    const sluice_verify_config verify = {
        .queue_capacity = LONG,
        .forward_only = !strcmp(task->generator, "forward"),
    };
    check(task, sluice_schedule_verify(schedule, &verify, NULL, &why), &why);
    read_again(task, schedule);
    simulate(task, schedule);
    for (size_t i = 0; i < sizeof passes / sizeof *passes; i++) {
        if (passes[i](schedule, &other, &why))
            continue; /* not for every schedule, such as one with R's */
        simulate(task, other);
        sluice_schedule_destroy(other);
    }
    sluice_schedule_destroy(schedule);
}

static sluice_status write_nowhere(void *context, const char *bytes, size_t n,
                                   sluice_diag *why)
{
    (void)context, (void)bytes, (void)n, (void)why;
    return SLUICE_OK;
}

static void report(struct task *task, const sluice_pipeline *pipe)
{
    const sluice_sink sink = {.write = write_nowhere};
    sluice_diag why;
    sluice_trace trace;
    sluice_attribution attribution;
    check(task, sluice_pipeline_trace(pipe, &trace, &why), &why);
    check(task, sluice_report_text(&trace, NULL, sink, &why), &why);
    check(task, sluice_report_svg(&trace, NULL, sink, &why), &why);
    check(task, sluice_report_chrome(&trace, NULL, sink, &why), &why);
    check(task, sluice_trace_attribute(&trace, NULL, NULL, &attribution, &why),
          &why);
    const sluice_html_report page = {.trace = &trace,
                                     .attribution = &attribution};
    check(task, sluice_report_html(&page, sink, &why), &why);
}

static void step(struct task *task, sluice_pipeline *pipe)
{
    static const float x[MICROBATCHES * IN];
    static const int32_t labels[MICROBATCHES];
    float y[MICROBATCHES * IN];
    sluice_diag why;
    check(task, sluice_pipeline_step(pipe, x, labels, MICROBATCHES, NULL, &why),
          &why);
    check(task,
          sluice_pipeline_evaluate(pipe, x, labels, MICROBATCHES, NULL, &why),
          &why);
    check(task, sluice_pipeline_infer(pipe, x, MICROBATCHES, y, &why), &why);
    report(task, pipe);
}

static sluice_status make_model(sluice_model **model, sluice_diag *why)
{
    return sluice_model_parse("8-8-8-8-8-8-8-8-8-8", NULL, model, why);
}

static sluice_pipeline_config config_of(const struct task *task)
{
    static const sluice_sgd_config sgd = {.learning_rate = 0.1};
    return (sluice_pipeline_config){
        .schedule = {.devices = 4,
                     .microbatches = MICROBATCHES,
                     .name = task->generator},
        .batch = MICROBATCHES,
        .queue_capacity = MICROBATCHES,
        .cut = SLUICE_CUT_TIME,
        .loss = sluice_cross_entropy(),
        .optimizer = sluice_sgd(),
        .optimizer_config = &sgd,
        .trace = true,
    };
}

static void use_pipeline(struct task *task)
{
    sluice_diag why;
    sluice_model *model;
    sluice_pipeline *pipe;
    sluice_pipeline_config config = config_of(task);
    sluice_status st = make_model(&model, &why);
    check(task, st, &why);
    if (st)
        return;
    st = sluice_pipeline_create(&config, model, &pipe, &why);
    check(task, st, &why);
    if (!st) {
        step(task, pipe);
        sluice_pipeline_destroy(pipe);
    }
    sluice_model_destroy(model);
}

static void train(struct task *task)
{
    sluice_diag why;
    sluice_model *model;
    sluice_dataset *data, *test;
    sluice_pipeline *pipe;
    sluice_pipeline_config config = config_of(task);
    config.batch = 128;
    check(task, sluice_model_parse("784-8-8-8-10", NULL, &model, &why), &why);
    check(task, sluice_dataset_open("embedded", NULL, &data, &test, &why),
          &why);
    sluice_status st = sluice_pipeline_create(&config, model, &pipe, &why);
    check(task, st, &why);
    if (st)
        return;
    const sluice_train_config training = {
        .epochs = 1, .batch = 128, .train = data, .test = test};
    check(task, sluice_train(pipe, &training, NULL, &why), &why);
    sluice_pipeline_destroy(pipe);
    sluice_dataset_destroy(test);
    sluice_dataset_destroy(data);
    sluice_model_destroy(model);
}

static void judge(struct task *task)
{
    static const float x[MICROBATCHES * IN];
    static const int32_t labels[MICROBATCHES];
    sluice_diag why;
    sluice_model *model;
    sluice_reference *ref;
    sluice_pipeline_config config = config_of(task);
    check(task, make_model(&model, &why), &why);
    check(task, sluice_reference_create(&config, model, &ref, &why), &why);
    check(task, sluice_reference_step(ref, x, labels, MICROBATCHES, NULL, &why),
          &why);
    sluice_reference_destroy(ref);
    sluice_model_destroy(model);
}

static void search(struct task *task)
{
    int64_t costs[4 * SLUICE_N_ACTION_KINDS];
    for (int i = 0; i < 4 * SLUICE_N_ACTION_KINDS; i++)
        costs[i] = 10 + i % 3;
    const sluice_search_config config = {.devices = 4,
                                         .microbatches = MICROBATCHES,
                                         .stage_costs_ns = costs,
                                         .tries = 20};
    sluice_diag why;
    sluice_schedule *found;
    sluice_status st = sluice_schedule_search(&config, &found, NULL, &why);
    check(task, st, &why);
    if (!st)
        sluice_schedule_destroy(found);
}

static void read_json(struct task *task)
{
    static const char text[] =
        "{\"devices\": 2, \"stages\": 2, \"copies\": 1, "
        "\"microbatches\": 1, \"stage_device\": [0, 1], \"actions\": "
        "[[\"0F0\", \"0B0\", \"0UPDATE\"], "
        "[\"1F0\", \"1B0\", \"1UPDATE\"]]}";
    sluice_diag why;
    sluice_schedule *schedule;
    sluice_status st = sluice_schedule_parse_json(text, sizeof text - 1, NULL,
                                                  &schedule, &why);
    check(task, st, &why);
    if (!st)
        sluice_schedule_destroy(schedule);
}

static void refuse_depth(struct task *task)
{
    static char text[2 * DEEP + 2];
    sluice_diag why;
    sluice_schedule *schedule;
    memset(text, '[', DEEP);
    memset(text + DEEP, ']', DEEP);
    if (sluice_schedule_parse_json(text, 2 * DEEP, NULL, &schedule, &why) !=
        SLUICE_FORMAT)
        task->why.status = SLUICE_FORMAT;
}

START_TEST(every_schedule_fits)
{
    for (int i = 0; sluice_schedule_generator(i); i++)
        run_on_a_small_stack(use_schedule, sluice_schedule_generator(i));
}
END_TEST

START_TEST(every_pipeline_fits)
{
    for (int i = 0; sluice_schedule_generator(i); i++)
        if (strcmp(sluice_schedule_generator(i), "forward"))
            run_on_a_small_stack(use_pipeline, sluice_schedule_generator(i));
}
END_TEST

START_TEST(training_from_compressed_data_fits)
{
    run_on_a_small_stack(train, "1f1b");
}
END_TEST

START_TEST(the_reference_fits)
{
    run_on_a_small_stack(judge, NULL);
}
END_TEST

START_TEST(the_search_fits)
{
    run_on_a_small_stack(search, NULL);
}
END_TEST

START_TEST(a_schedule_in_json_fits)
{
    run_on_a_small_stack(read_json, NULL);
}
END_TEST

START_TEST(hostile_depth_fits)
{
    run_on_a_small_stack(refuse_depth, NULL);
}
END_TEST

SLUICE_TEST_MAIN("pipeline.stack", every_schedule_fits, every_pipeline_fits,
                 training_from_compressed_data_fits, the_reference_fits,
                 the_search_fits, a_schedule_in_json_fits, hostile_depth_fits)

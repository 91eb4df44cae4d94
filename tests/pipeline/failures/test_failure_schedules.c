/*
 * Promise B1 under every schedule there is: whichever action fails, the step
 * ends with that cell, changes nothing, and the next step works.  A twin that
 * makes the good steps only is the judge, so no reference needs to know the
 * schedule.  test_failure.c has gpipe and 1f1b in every setting.
 */
#include <sluice/across_layers.h>
#include <sluice/schedule_passes.h>

#include <stdio.h>
#include <string.h>

#include "support/faults/fault.h"
#include "support/grid.h"
#include "support/problem.h"
#include "support/runner.h"
#include "support/version_programs.h"
#include "support/faults/wary_sgd.h"

enum { MAX_DEVICES = 4, BATCH = 8, MAX_FLOATS = 64 };

struct bench {
    struct sl_test_fault fault;
    struct sl_test_problem problem;
    sluice_optimizer_ops optimizer;
    sluice_sgd_config sgd;
    sluice_pipeline *pipe;
    sluice_pipeline *twin; /* never fails */
    const char *name;
    const sluice_schedule *schedule;
    bool across; /* the first part shares an activation with the last one, and,
                    if the schedule allows it, a parameter */
    int depth;   /* parts of the model */
    int n_cells;
};

/* The layer with a parameter that a stage has.  A stash stands behind the first
 * of them, its pop before the last. */
static int layer_of(const struct bench *b, int stage)
{
    int part = stage % b->depth;
    if (!b->across || part == 0)
        return part;
    return part + 1 + (part == b->depth - 1);
}

static bool has_ties(const struct bench *b)
{
    return b->across && b->depth > 1 && !sl_test_is_asynchronous(b->name);
}

static void make_model_across(struct bench *b, sluice_pipeline_config *config,
                              int *partition)
{
    const sluice_stash_config stash = {"a"};
    const sluice_pop_config pop = {.name = "a"};
    const sluice_model_config empty = {.input =
                                           sluice_shape_vector(b->problem.in)};
    sluice_model *model;
    ck_assert(!sluice_model_create(&empty, &model, NULL));
    for (int i = 0; i < b->depth; i++) {
        partition[i] = 1 + (i == 0) + (i == b->depth - 1);
        if (i == b->depth - 1 && i > 0)
            ck_assert(!sluice_model_add(model, sluice_pop(), &pop, NULL));
        ck_assert(!sluice_model_add(model, sl_test_probe_layer(),
                                    &b->problem.probe, NULL));
        if (i == 0)
            ck_assert(!sluice_model_add(model, sluice_stash(), &stash, NULL));
        if (b->depth == 1)
            ck_assert(!sluice_model_add(model, sluice_pop(), &pop, NULL));
    }
    char last[32];
    snprintf(last, sizeof last, "%d.weight", layer_of(b, b->depth - 1));
    if (has_ties(b))
        ck_assert(!sluice_model_tie(model, last, "0.weight", NULL));
    sluice_model_destroy(b->problem.model);
    b->problem.model = model;
    config->cut = SLUICE_CUT_LIST;
    config->partition = partition;
}

static void set_up(struct bench *b, const sluice_schedule *schedule,
                   int capacity)
{
    b->schedule = schedule;
    b->depth =
        sluice_schedule_n_stages(schedule) / sluice_schedule_n_copies(schedule);
    b->problem.probe = (struct sl_test_probe){sl_test_fail_there, &b->fault};
    ck_assert_int_eq(
        sl_test_problem_init(&b->problem, SL_TEST_PROBE, b->depth, BATCH, NULL),
        SLUICE_OK);
    b->optimizer = sl_test_wary_sgd();
    b->sgd = (sluice_sgd_config){.learning_rate = 0.1, .momentum = 0.9};
    sluice_pipeline_config config = b->problem.config;
    int partition[SLUICE_MAX_STAGES];
    if (b->across)
        make_model_across(b, &config, partition);
    config.optimizer = &b->optimizer;
    config.optimizer_config = &b->sgd;
    config.custom = schedule;
    config.uneven = true;
    config.queue_capacity = capacity;
    sluice_diag why = {.text = ""};
    ck_assert_msg(
        !sluice_pipeline_create(&config, b->problem.model, &b->pipe, &why) &&
            !sluice_pipeline_create(&config, b->problem.model, &b->twin, &why),
        "%s: %s", b->name, why.text);
}

static void tear_down(struct bench *b)
{
    sluice_pipeline_destroy(b->pipe);
    sluice_pipeline_destroy(b->twin);
    sl_test_problem_fini(&b->problem);
}

static int64_t first_row_of(const struct bench *b, int microbatch)
{
    int n = sluice_schedule_n_microbatches(b->schedule);
    int more = BATCH % n;
    return (int64_t)microbatch * (BATCH / n) +
           (microbatch < more ? microbatch : more);
}

static sluice_status step(struct bench *b, sluice_pipeline *pipe,
                          sluice_diag *why)
{
    return sluice_pipeline_step(pipe, b->problem.x, b->problem.targets, BATCH,
                                NULL, why);
}

static bool equal_parameters(const struct bench *b)
{
    for (int i = 0; i < b->depth; i++) {
        const sluice_layer_plan *plan =
            sluice_model_layer_plan(b->problem.model, layer_of(b, i));
        int64_t n = sluice_shape_elements(&plan->params[0].shape);
        char name[64];
        float values[2][MAX_FLOATS];
        ck_assert_int_le(n, MAX_FLOATS);
        snprintf(name, sizeof name, "%d.%s", layer_of(b, i),
                 plan->params[0].name);
        ck_assert(
            !sluice_pipeline_get_parameter(b->pipe, name, values[0], n, NULL));
        ck_assert(
            !sluice_pipeline_get_parameter(b->twin, name, values[1], n, NULL));
        if (memcmp(values[0], values[1], (size_t)n * sizeof(float)) != 0)
            return false;
    }
    return true;
}

/* Whether two stages have the same gradient in an update: copies of a part, or
 * uses of a tied parameter. */
static bool share_gradient(const struct bench *b, int s, int t)
{
    int i = s % b->depth, k = t % b->depth;
    int last = b->depth - 1;
    return i == k ||
           (has_ties(b) && (i == 0 || i == last) && (k == 0 || k == last));
}

/* Which cell it was.  A bad gradient is refused by whichever stage that has it
 * looks at it first. */
static bool is_blamed(const struct bench *b, const sluice_diag *why, int device,
                      sluice_action action)
{
    char name[SLUICE_DIAG_ACTION];
    if (action.kind == SLUICE_UPDATE) {
        if (share_gradient(b, why->stage, action.stage))
            action.stage = why->stage;
        device = sluice_schedule_stage_device(b->schedule, action.stage);
        action.version = 0;
        return why->device == device && why->stage == action.stage &&
               why->microbatch == -1 && strstr(why->action, "UPDATE");
    }
    sluice_action_format(action, name, sizeof name);
    return why->device == device && why->stage == action.stage &&
           why->microbatch == action.microbatch && !strcmp(why->action, name);
}

static void fail_step(struct bench *b, int device, sluice_action action)
{
    char name[SLUICE_DIAG_ACTION];
    sluice_diag why = {.text = ""};
    sluice_status expected = b->fault.poison ? SLUICE_LAYER : SLUICE_IO;
    sluice_action_format(action, name, sizeof name);
    uint64_t steps = sluice_pipeline_n_steps(b->pipe);
    b->fault.armed = true;
    sluice_status st = step(b, b->pipe, &why);
    b->fault.armed = false;
    ck_assert_msg(st == expected && is_blamed(b, &why, device, action),
                  "%s, M %d: %s of device %d: %s at device %d, %s: %s", b->name,
                  sluice_schedule_n_microbatches(b->schedule), name, device,
                  sluice_status_name(st), why.device, why.action, why.text);
    ck_assert_uint_eq(sluice_pipeline_n_steps(b->pipe), steps);
    ck_assert_msg(equal_parameters(b), "%s: %s changed a parameter", b->name,
                  name);
    ck_assert_msg(!step(b, b->pipe, &why) && !step(b, b->twin, &why), "%s: %s",
                  b->name, why.text);
    ck_assert_msg(equal_parameters(b), "%s: %s left something behind", b->name,
                  name);
}

static void fail_pass(struct bench *b, int device, sluice_action action,
                      enum sl_test_pass pass)
{
    b->fault = (struct sl_test_fault){
        .pass = pass,
        .layer = layer_of(b, action.stage),
        .first_row = first_row_of(b, action.microbatch),
    };
    fail_step(b, device, action);
}

/* An UPDATE fails by the last gradient that goes into it. */
static void fail_update(struct bench *b, int device,
                        const sluice_action *actions, int at)
{
    int i = at - 1;
    while (actions[i].stage != actions[at].stage ||
           (actions[i].kind != SLUICE_B && actions[i].kind != SLUICE_W))
        i--;
    b->fault = (struct sl_test_fault){
        .poison = true,
        .pass = SL_TEST_WEIGHT,
        .layer = layer_of(b, actions[at].stage),
        .first_row = first_row_of(b, actions[i].microbatch),
    };
    fail_step(b, device, actions[at]);
}

static void fail_action(struct bench *b, int device,
                        const sluice_action *actions, int at)
{
    static const enum sl_test_pass passes[SLUICE_N_ACTION_KINDS] = {
        [SLUICE_F] = SL_TEST_FORWARD,   [SLUICE_B] = SL_TEST_INPUT,
        [SLUICE_I] = SL_TEST_INPUT,     [SLUICE_W] = SL_TEST_WEIGHT,
        [SLUICE_R] = SL_TEST_RECOMPUTE,
    };
    if (actions[at].kind == SLUICE_UPDATE)
        fail_update(b, device, actions, at);
    else
        fail_pass(b, device, actions[at], passes[actions[at].kind]);
}

static void fail_everywhere(struct bench *b)
{
    for (int d = 0; d < sluice_schedule_n_devices(b->schedule); d++) {
        int n;
        const sluice_action *actions =
            sluice_schedule_actions(b->schedule, d, &n);
        for (int i = 0; i < n; i++)
            if (!sl_test_skips_of(16))
                fail_action(b, d, actions, i);
        b->n_cells += n;
    }
}

/* The schedule, with recomputes or without, if there is one that runs. */
static sluice_schedule *runnable(const char *name, int k, int m, int capacity,
                                 sluice_remat remat)
{
    sluice_schedule *schedule, *passed;
    sluice_schedule_config config = {
        .name = name, .devices = k, .microbatches = m};
    sluice_verify_config verify = {.queue_capacity = capacity};
    if (sluice_schedule_generate(&config, &schedule, NULL))
        return NULL;
    sluice_status st = sluice_schedule_remat(schedule, remat, &passed, NULL);
    if (st) /* it recomputes already */
        st = sluice_schedule_remat(schedule, SLUICE_REMAT_NEVER, &passed, NULL);
    sluice_schedule_destroy(schedule);
    ck_assert_int_eq(st, SLUICE_OK);
    if (!sluice_schedule_verify(passed, &verify, NULL, NULL))
        return passed;
    sluice_schedule_destroy(passed);
    return NULL;
}

/* Across stages two numbers of micro-batches are enough: what is added are
 * links and meetings. */
static int fail_under(const char *name, bool across)
{
    static const int microbatches[] = {1, 2, 5, 8};
    int n_cells = 0;
    for (int k = 1; k <= MAX_DEVICES; k++)
        for (int i = across ? 2 : 0; i < 4; i++) {
            int capacity = 1 + (k + i) % 2;
            sluice_remat remat = (sluice_remat)((k + i / 2) % 3);
            sluice_schedule *schedule =
                runnable(name, k, microbatches[i], capacity, remat);
            if (!schedule)
                continue;
            struct bench b = {.name = name, .across = across};
            set_up(&b, schedule, capacity);
            fail_everywhere(&b);
            n_cells += b.n_cells;
            tear_down(&b);
            sluice_schedule_destroy(schedule);
        }
    return n_cells;
}

START_TEST(under_every_schedule_the_first_error_is_the_one_reported)
{
    for (int i = 0; sluice_schedule_generator(i); i++) {
        const char *name = sluice_schedule_generator(i);
        if (strcmp(name, "forward"))
            ck_assert_int_ge(fail_under(name, false), 30);
    }
}
END_TEST

START_TEST(with_skip_connections_and_ties_it_is_so_too)
{
    for (int i = 0; sluice_schedule_generator(i); i++) {
        const char *name = sluice_schedule_generator(i);
        if (strcmp(name, "forward"))
            ck_assert_int_ge(fail_under(name, true), 30);
    }
}
END_TEST

SLUICE_TEST_MAIN("pipeline.failure_schedules",
                 under_every_schedule_the_first_error_is_the_one_reported,
                 with_skip_connections_and_ties_it_is_so_too)

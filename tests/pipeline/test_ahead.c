/*
 * A device updates ahead of the commit, while another one has not yet voted;
 * and a step that fails after that has changed nothing.
 *
 * The device of the first tensor is held in prepare() until another device has
 * updated: without an update ahead that would not end, and prepare() gives up.
 */
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"
#include "support/grid.h"
#include "support/judged_pair.h"
#include "support/runner.h"

enum { LAYERS = 6, BATCH = 141, M = 8 };

/* What the held device does once others have updated. */
enum ending { AS_EVER, REFUSE, CANCEL };

static const int64_t GIVE_UP_NS = 60LL * 1000 * 1000 * 1000;

static const sluice_optimizer_ops *real;
static sluice_pipeline *held; /* NULL: prepare() holds no device */
static enum ending ending;
static atomic_int n_applied;
static int n_wanted = 1; /* before a held device goes on */

static sluice_status prepare(const sluice_optimizer_call *call)
{
    int64_t from = sl_now_ns();
    bool holds = held && call->tensor == 0;
    while (holds && atomic_load(&n_applied) < n_wanted) {
        if (sl_now_ns() - from > GIVE_UP_NS)
            return sluice_diag_set(call->why, SLUICE_LAYER,
                                   "no device has updated ahead");
        sched_yield();
    }
    if (holds && ending == REFUSE)
        return sluice_diag_set(call->why, SLUICE_IO, "refused in the end");
    if (holds && ending == CANCEL)
        sluice_pipeline_cancel(held);
    return real->prepare ? real->prepare(call) : SLUICE_OK;
}

static void apply(const sluice_optimizer_call *call)
{
    real->apply(call);
    atomic_fetch_add(&n_applied, 1);
}

struct point {
    enum sl_test_kind kind;
    const char *model; /* in place of the kind's own; NULL: that */
    const char *optimizer;
    const char *schedule;
    int devices;
    int replicas;
    const char *gemm;
    int zero;
};

/* Batch_norm has statistics, which the update writes, too. */
static const char normed[] =
    "input(6); reshape(1, height=2, width=3); upsample; "
    "conv2d(3, padding=1, no-bias); batch_norm; activate(relu); "
    "conv2d(3, padding=1, no-bias); batch_norm; activate(relu); "
    "global_average_pool; batch_norm; linear(5)";

static const struct point points[] = {
    {SL_TEST_RELU, NULL, "sgd:lr=0.05", "gpipe", 2, 1, "openblas"},
    {SL_TEST_RELU, NULL, "sgd:lr=0.05,momentum=0.9", "gpipe", 3, 1, "packed"},
    {SL_TEST_RELU, NULL, "adamw:lr=0.01,clip=0.05", "gpipe", 2, 2, "packed"},
    {SL_TEST_BLOCKS, NULL, "rmsprop:lr=0.01,momentum=0.5,centered", "1f1b", 3,
     1, "openblas"},
    {SL_TEST_BLOCKS, NULL, "adam:lr=0.01", "zb-h1", 2, 2, "packed"},
    {SL_TEST_TIED, NULL, "adamw:lr=0.01,clip=0.05", "1f1b", 3, 1, "openblas"},
    {SL_TEST_TIED, NULL, "sgd:lr=0.01,momentum=0.5", "gpipe", 2, 2, "packed"},
    {SL_TEST_RELU, normed, "adamw:lr=0.01,decay-all", "gpipe", 3, 1, "packed"},
    {SL_TEST_RELU, normed, "sgd:lr=0.01,clip=0.5", "1f1b", 2, 2, "openblas"},
    {SL_TEST_SKIPS, NULL, "sgd:lr=0.01,momentum=0.5", "1f1b", 3, 1, "packed"},
    {SL_TEST_BLOCKS, NULL, "adam:lr=0.01", "zb-h1", 2, 2, "packed", 1},
    {SL_TEST_TIED, NULL, "sgd:lr=0.01,momentum=0.5", "gpipe", 2, 2, "packed",
     1},
    {SL_TEST_RELU, normed, "adamw:lr=0.01,clip=0.5", "1f1b", 2, 2, "openblas",
     1},
};

static struct sl_test_problem problem;
static struct sl_test_pair pair;
static sluice_optimizer_ops optimizer;
static sluice_optimizer_choice choice;
static sluice_diag why;

static void begin(const struct point *at)
{
    problem = (struct sl_test_problem){0};
    int layers = at->kind == SL_TEST_SKIPS ? 8 : LAYERS;
    ck_assert(!sl_test_problem_init(&problem, at->kind, layers, BATCH, NULL));
    if (at->model) {
        sluice_model_destroy(problem.model);
        ck_assert(!sluice_model_parse(at->model, NULL, &problem.model, &why));
    }
    ck_assert(!sluice_optimizer_parse(at->optimizer, &choice, &why));
    real = choice.ops;
    optimizer = *real;
    optimizer.prepare = prepare;
    optimizer.apply = apply;
    sluice_pipeline_config config = problem.config;
    config.optimizer = &optimizer;
    config.optimizer_config = &choice.config;
    config.schedule.name = at->schedule;
    config.schedule.devices = at->devices;
    config.schedule.microbatches = M;
    config.schedule.backward_order =
        strcmp(at->schedule, "gpipe") ? SLUICE_IN_ORDER : SLUICE_REVERSE;
    config.replicas = at->replicas;
    config.zero = at->zero;
    config.gemm = at->gemm;
    config.uneven = true;
    config.trace = true;
    ck_assert_msg(!sl_test_pair_init(&pair, &problem, &config), "%s",
                  pair.why.text);
}

static void end(void)
{
    sl_test_pair_fini(&pair);
    sl_test_problem_fini(&problem);
}

/* A step of the pipeline in which the first tensor's device is held. */
static sluice_status step_held(enum ending how, int64_t row)
{
    held = pair.pipe;
    ending = how;
    atomic_store(&n_applied, 0);
    sluice_status st =
        sluice_pipeline_step(pair.pipe, sl_test_x(&problem, row),
                             sl_test_targets(&problem, row), BATCH, NULL, &why);
    held = NULL;
    return st;
}

START_TEST(a_device_updates_while_another_has_not_voted)
{
    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        if (sl_test_skips())
            continue;
        begin(&points[i]);
        for (int row = 0; row < 3; row++) {
            sluice_status st = step_held(AS_EVER, row);
            ck_assert_msg(!st, "point %zu: %s", i, why.text);
            ck_assert(!sluice_reference_step(pair.ref, sl_test_x(&problem, row),
                                             sl_test_targets(&problem, row),
                                             BATCH, NULL, &why));
            ck_assert_msg(!sl_test_parameters(&pair), "point %zu: %s", i,
                          pair.text);
        }
        ck_assert_msg(!sl_test_evaluate(&pair, 1, BATCH), "point %zu: %s", i,
                      pair.text);
        end();
    }
}
END_TEST

/* Parameters are compared at once, and states by the bits of a step later. */
static void fail_then_step(const struct point *at, size_t i, enum ending how)
{
    begin(at);
    ck_assert_msg(!sl_test_step(&pair, 0, BATCH), "point %zu: %s", i,
                  pair.text);
    sluice_status st = step_held(how, 1);
    ck_assert_msg(st == (how == CANCEL ? SLUICE_CANCELLED : SLUICE_IO),
                  "point %zu: %s", i, why.text);
    ck_assert_int_gt(atomic_load(&n_applied), 0);
    ck_assert_msg(!sl_test_parameters(&pair), "point %zu: changed: %s", i,
                  pair.text);
    ck_assert_msg(!sl_test_evaluate(&pair, 1, BATCH), "point %zu: %s", i,
                  pair.text);
    ck_assert_msg(!sl_test_step(&pair, 2, BATCH), "point %zu: then: %s", i,
                  pair.text);
    end();
}

START_TEST(a_step_refused_after_an_update_ahead_has_changed_nothing)
{
    for (size_t i = 0; i < sizeof points / sizeof *points; i++)
        if (!sl_test_skips())
            fail_then_step(&points[i], i, REFUSE);
}
END_TEST

START_TEST(a_step_cancelled_after_an_update_ahead_has_changed_nothing)
{
    for (size_t i = 0; i < sizeof points / sizeof *points; i++)
        if (!sl_test_skips())
            fail_then_step(&points[i], i, CANCEL);
}
END_TEST

/* Device 0 is held until device 1 has updated all of its layers. */
START_TEST(the_wait_for_the_commit_is_told_behind_the_update)
{
    sluice_trace trace;
    begin(&points[0]);
    sluice_device_info info;
    sluice_pipeline_device(pair.pipe, 1, &info);
    n_wanted = 0;
    for (int i = 0; i < info.n_layers; i++)
        n_wanted += sluice_model_layer_plan(problem.model, info.first_layer + i)
                        ->n_params;
    ck_assert_msg(!step_held(AS_EVER, 0), "%s", why.text);
    n_wanted = 1;
    ck_assert(!sluice_pipeline_trace(pair.pipe, &trace, &why));
    const sluice_trace_event *last[2];
    for (int d = 0; d < 2; d++) {
        last[d] = &trace.events[d][trace.n_events[d] - 1];
        ck_assert_int_eq(last[d]->action.kind, SLUICE_UPDATE);
    }
    /* Device 0 waits for the last layer of device 1, whose thread may be
     * preempted between that and its clock: only the starts are ordered. */
    ck_assert_int_le(last[1]->start_ns, last[0]->start_ns);
    ck_assert_int_gt(last[1]->output_wait_ns, 0);
    ck_assert_int_ge(trace.end_ns, last[1]->end_ns + last[1]->output_wait_ns);
    end();
}
END_TEST

SLUICE_TEST_MAIN("pipeline.ahead", a_device_updates_while_another_has_not_voted,
                 a_step_refused_after_an_update_ahead_has_changed_nothing,
                 a_step_cancelled_after_an_update_ahead_has_changed_nothing,
                 the_wait_for_the_commit_is_told_behind_the_update)

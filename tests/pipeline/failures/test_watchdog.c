/*
 * A stuck layer is named: at every cell a layer waits until it has been
 * reported, so that a cell which is not reported hangs the test.
 */
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>

#include "pipeline/failures/standstill.h"
#include "pipeline/pipeline.h"
#include "support/judged_pair.h"
#include "support/runner.h"

enum { LAYERS = 4, BATCH = 6, MICROBATCHES = 3, LIMIT_NS = 10 * 1000 * 1000 };

/* The cell where the layer is stuck, and what is found when it is reported. */
struct stuck {
    sem_t reported;
    atomic_bool armed; /* [atomic] by the test; one cell takes it */
    atomic_bool waits; /* [atomic] by that cell, until it is reported */
    enum sl_test_pass pass;
    int layer;
    int64_t first_row;
    sluice_activity activity;
    sluice_activity last; /* of the last device, once all others wait */
    bool meets;           /* it comes to a meeting in the end */
    bool in_order;        /* what it did before is what its list says */
    bool all_wait;        /* the others wait, in the end for it */
    bool cancelled;       /* the report is answered by a cancellation */
    bool splits;          /* the schedule has I and W, and recomputes: zb-h1 */
};

static sluice_status wait_there(void *context, const struct sl_test_cell *cell)
{
    struct stuck *s = context;
    if (cell->pass == s->pass && cell->layer == s->layer &&
        cell->first_row == s->first_row && atomic_exchange(&s->armed, false)) {
        atomic_store(&s->waits, true);
        sem_wait(&s->reported);
    }
    return SLUICE_OK;
}

/* Whether its list has, up to this operation, what the activity remembers. */
static bool is_in_order(sluice_pipeline *pipe, const sluice_activity *a)
{
    int n;
    const sluice_action *actions =
        sluice_schedule_actions(sluice_pipeline_schedule(pipe), a->device, &n);
    char text[SLUICE_DIAG_ACTION];
    bool same = a->n_recent < n;
    for (int i = 0; i <= a->n_recent && same; i++) {
        sluice_action_format(actions[i], text, sizeof text);
        same = !strcmp(text, i < a->n_recent ? a->recent[i] : a->operation);
    }
    return same;
}

/* A slow machine may have others reported as well. */
static void note(void *context, sluice_pipeline *pipe,
                 const sluice_activity *reported, int64_t stuck_ns)
{
    struct stuck *s = context;
    sluice_activity now;
    if (!sl_test_await_cell(pipe, reported, &s->waits))
        return;
    sluice_pipeline_activity(pipe, reported->device, &now);
    if (now.doing != SLUICE_RUNNING || now.layer != s->layer ||
        now.microbatch != s->first_row / (BATCH / MICROBATCHES) ||
        stuck_ns < LIMIT_NS || !now.part[0])
        return;
    s->activity = now;
    s->in_order = is_in_order(pipe, &now);
    s->all_wait = sl_test_await_standstill(pipe, now.device);
    do
        sluice_pipeline_activity(pipe, sluice_pipeline_n_devices(pipe) - 1,
                                 &s->last);
    while (s->meets && s->last.doing != SLUICE_MEETING);
    if (s->cancelled)
        sluice_pipeline_cancel(pipe);
    atomic_store(&s->waits, false);
    sem_post(&s->reported);
}

static void make_pair(struct sl_test_pair *pair, struct sl_test_problem *p,
                      struct stuck *s, int devices)
{
    p->probe = (struct sl_test_probe){wait_there, s};
    ck_assert(!sem_init(&s->reported, 0, 0));
    sl_test_problem_init(p, SL_TEST_PROBE, LAYERS, BATCH, NULL);
    sluice_pipeline_config config = p->config;
    config.schedule.name = s->splits ? "zb-h1" : "1f1b";
    config.remat = s->splits ? SLUICE_REMAT_ALWAYS : SLUICE_REMAT_NEVER;
    config.schedule.devices = devices;
    config.schedule.microbatches = MICROBATCHES;
    config.watchdog_ns = LIMIT_NS;
    config.on_stuck = note;
    config.stuck_context = s;
    ck_assert_int_eq(sl_test_pair_init(pair, p, &config), SLUICE_OK);
}

static void fini_pair(struct sl_test_pair *pair, struct sl_test_problem *p,
                      struct stuck *s)
{
    sl_test_pair_fini(pair);
    sl_test_problem_fini(p);
    sem_destroy(&s->reported);
}

static sluice_status step(struct sl_test_pair *pair, struct stuck *s)
{
    const struct sl_test_problem *p = pair->problem;
    sluice_diag why;
    atomic_store(&s->armed, true);
    return sluice_pipeline_step(pair->pipe, p->x, p->targets, BATCH, NULL,
                                &why);
}

/* The kind of action that runs a pass, in a schedule with B, and in one with R,
 * I and W. */
static char kind_of(enum sl_test_pass pass, bool splits)
{
    static const char kinds[][2] = {
        [SL_TEST_FORWARD] = {'F', 'F'},
        [SL_TEST_RECOMPUTE] = {'-', 'R'},
        [SL_TEST_INPUT] = {'B', 'I'},
        [SL_TEST_WEIGHT] = {'B', 'W'},
        [SL_TEST_LOSS_FORWARD] = {'F', 'F'},
        [SL_TEST_LOSS_BACKWARD] = {'B', 'I'},
    };
    return kinds[pass][splits];
}

static void judge(const struct stuck *s, int devices)
{
    char wanted[SLUICE_DIAG_ACTION];
    int at = s->layer < 0 ? LAYERS - 1 : s->layer;
    int stage = at * devices / LAYERS;
    const sluice_activity *a = &s->activity;
    snprintf(wanted, sizeof wanted, "%d%c%d", stage,
             kind_of(s->pass, s->splits), a->microbatch);
    ck_assert_str_eq(a->operation, wanted);
    ck_assert_int_eq(a->device, stage);
    ck_assert_int_eq(a->stage, stage);
    ck_assert_str_eq(a->part, s->layer < 0 ? sl_test_probe_loss()->name
                                           : sl_test_probe_layer()->name);
    ck_assert_int_eq(a->waits_for, -1);
    ck_assert_msg(s->in_order, "%s: not what the list says", wanted);
    ck_assert_msg(s->all_wait, "%s: a device waits for another one", wanted);
}

static void stick_everywhere(int devices, bool splits)
{
    struct stuck s = {.layer = 0, .splits = splits};
    struct sl_test_problem p = {.n_rows = 0};
    struct sl_test_pair pair;
    make_pair(&pair, &p, &s, devices);
    for (int pass = 0; pass <= SL_TEST_LOSS_BACKWARD; pass++)
        for (int layer = 0; layer < LAYERS; layer++)
            for (int m = 0; m < MICROBATCHES; m++) {
                if (pass == SL_TEST_RECOMPUTE && !splits)
                    continue;
                s.pass = (enum sl_test_pass)pass;
                s.layer = s.pass < SL_TEST_LOSS_FORWARD ? layer : -1;
                s.first_row = (int64_t)m * (BATCH / MICROBATCHES);
                s.activity = (sluice_activity){.device = -1};
                ck_assert_int_eq(step(&pair, &s), SLUICE_OK);
                judge(&s, devices);
            }
    fini_pair(&pair, &p, &s);
}

START_TEST(every_cell_is_named_and_all_others_wait_for_it)
{
    stick_everywhere(1, false);
    stick_everywhere(2, false);
    stick_everywhere(4, false);
}
END_TEST

START_TEST(so_is_every_cell_of_a_schedule_that_splits_and_recomputes)
{
    stick_everywhere(2, true);
}
END_TEST

/* An optimizer that is stuck in the first tensor of the device that comes
 * first. */
static struct {
    sem_t reported;
    atomic_bool armed; /* [atomic] by the test; one tensor takes it */
    atomic_bool waits; /* [atomic] by that tensor, until it is reported */
    sluice_activity activity;
} slow;

static void apply_slowly(const sluice_optimizer_call *call)
{
    if (atomic_exchange(&slow.armed, false)) {
        atomic_store(&slow.waits, true);
        sem_wait(&slow.reported);
    }
    sluice_sgd()->apply(call);
}

static void note_update(void *context, sluice_pipeline *pipe,
                        const sluice_activity *reported, int64_t stuck_ns)
{
    (void)context, (void)stuck_ns;
    if (!sl_test_await_cell(pipe, reported, &slow.waits))
        return;
    sluice_pipeline_activity(pipe, reported->device, &slow.activity);
    if (!strstr(slow.activity.operation, "UPDATE"))
        return;
    atomic_store(&slow.waits, false);
    sem_post(&slow.reported);
}

START_TEST(an_optimizer_that_is_stuck_is_named_with_its_update)
{
    struct sl_test_problem p = {.n_rows = 0};
    struct sl_test_pair pair;
    sluice_optimizer_ops ops = *sluice_sgd();
    ops.apply = apply_slowly;
    ck_assert(!sem_init(&slow.reported, 0, 0));
    sl_test_problem_init(&p, SL_TEST_PROBE, LAYERS, BATCH, NULL);
    sluice_pipeline_config config = p.config;
    config.optimizer = &ops;
    config.schedule.devices = 2;
    config.schedule.microbatches = MICROBATCHES;
    config.watchdog_ns = LIMIT_NS;
    config.on_stuck = note_update;
    ck_assert_int_eq(sl_test_pair_init(&pair, &p, &config), SLUICE_OK);
    atomic_store(&slow.armed, true);
    ck_assert_int_eq(
        sluice_pipeline_step(pair.pipe, p.x, p.targets, BATCH, NULL, NULL),
        SLUICE_OK);
    char wanted[SLUICE_DIAG_ACTION];
    snprintf(wanted, sizeof wanted, "%dUPDATE", slow.activity.device);
    ck_assert_str_eq(slow.activity.operation, wanted);
    ck_assert_str_eq(slow.activity.part, ops.name);
    ck_assert_int_eq(slow.activity.doing, SLUICE_RUNNING);
    ck_assert_int_eq(slow.activity.waits_for, -1);
    sl_test_pair_fini(&pair);
    sl_test_problem_fini(&p);
    sem_destroy(&slow.reported);
}
END_TEST

/* The last device is done with its list, and the first with all but a gradient
 * of the tensor that both use. */
START_TEST(a_device_that_waits_to_add_up_a_tied_tensor_waits_for_the_stuck_one)
{
    struct stuck s = {.pass = SL_TEST_WEIGHT, .layer = 0};
    struct sl_test_problem p = {.n_rows = 0};
    struct sl_test_pair pair;
    char text[2 * SLUICE_DIAG_TEXT];
    p.probe = (struct sl_test_probe){wait_there, &s};
    ck_assert(!sem_init(&s.reported, 0, 0));
    sl_test_problem_init(&p, SL_TEST_PROBE, LAYERS, BATCH, NULL);
    ck_assert(!sluice_model_tie(p.model, "3.weight", "0.weight", NULL));
    sluice_pipeline_config config = p.config;
    config.schedule.name = "1f1b";
    config.schedule.devices = 2;
    config.schedule.microbatches = MICROBATCHES;
    config.watchdog_ns = LIMIT_NS;
    config.on_stuck = note;
    config.stuck_context = &s;
    ck_assert_int_eq(sl_test_pair_init(&pair, &p, &config), SLUICE_OK);
    for (int m = 0; m < MICROBATCHES; m++) {
        s.first_row = (int64_t)m * (BATCH / MICROBATCHES);
        s.meets = m == MICROBATCHES - 1;
        ck_assert_int_eq(step(&pair, &s), SLUICE_OK);
    }
    ck_assert_int_eq(s.last.doing, SLUICE_MEETING);
    ck_assert_int_eq(s.last.waits_for, 0);
    sluice_activity_format(&s.last, text, sizeof text);
    ck_assert_msg(strstr(text, "device 1 waits for device 0 to come to 1") !=
                      NULL,
                  "%s", text);
    fini_pair(&pair, &p, &s);
}
END_TEST

START_TEST(a_cancellation_in_the_report_ends_the_step_with_the_layer)
{
    struct stuck s = {.pass = SL_TEST_INPUT, .layer = 1, .cancelled = true};
    struct sl_test_problem p = {.n_rows = 0};
    struct sl_test_pair pair;
    make_pair(&pair, &p, &s, 2);
    ck_assert_int_eq(step(&pair, &s), SLUICE_CANCELLED);
    ck_assert_msg(!sl_test_parameters(&pair), "%s", pair.text);
    s.cancelled = false;
    ck_assert_int_eq(step(&pair, &s), SLUICE_OK);
    fini_pair(&pair, &p, &s);
}
END_TEST

START_TEST(a_watchdog_without_a_time_or_a_function_is_refused)
{
    struct sl_test_problem p = {.n_rows = 0};
    sluice_pipeline *pipe;
    sluice_diag why;
    sl_test_problem_init(&p, SL_TEST_PROBE, LAYERS, BATCH, NULL);
    sluice_pipeline_config config = p.config;
    config.watchdog_ns = 1;
    ck_assert_int_eq(sluice_pipeline_create(&config, p.model, &pipe, &why),
                     SLUICE_INVALID);
    ck_assert_str_eq(why.text, "a watchdog of 1 ns without `on_stuck`; set "
                               "both, the time above 0, or none");
    config.watchdog_ns = 0;
    config.on_stuck = note;
    ck_assert_int_eq(sluice_pipeline_create(&config, p.model, &pipe, &why),
                     SLUICE_INVALID);
    config.watchdog_ns = -1;
    ck_assert_int_eq(sluice_pipeline_create(&config, p.model, &pipe, &why),
                     SLUICE_INVALID);
    sl_test_problem_fini(&p);
}
END_TEST

SLUICE_TEST_MAIN(
    "watchdog", every_cell_is_named_and_all_others_wait_for_it,
    so_is_every_cell_of_a_schedule_that_splits_and_recomputes,
    an_optimizer_that_is_stuck_is_named_with_its_update,
    a_device_that_waits_to_add_up_a_tied_tensor_waits_for_the_stuck_one,
    a_cancellation_in_the_report_ends_the_step_with_the_layer,
    a_watchdog_without_a_time_or_a_function_is_refused)

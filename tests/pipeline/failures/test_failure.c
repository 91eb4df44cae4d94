/*
 * A layer, loss or optimizer that fails at any cell ends the step with exactly
 * that cell, nothing is changed, and the next step works.
 */
#include <stdio.h>
#include <string.h>

#include "support/faults/fault.h"
#include "support/grid.h"
#include "support/runner.h"
#include "support/faults/wary_sgd.h"

enum { LAYERS_EACH = 2, BATCH = 8 }; /* layers of a stage; rows */

/* One grid point under test. */
struct bench {
    struct sl_test_fault fault;
    struct sl_test_probe watch; /* of every layer; set_up() gives one if none */
    struct sl_test_problem problem;
    struct sl_test_pair pair;
    sluice_optimizer_ops optimizer;
    sluice_pipeline_config config;
    long n_cells;
};

static void set_up(struct bench *b, int devices, int microbatches,
                   const char *schedule, sluice_remat remat, int capacity)
{
    if (!b->watch.watch)
        b->watch = (struct sl_test_probe){sl_test_fail_there, &b->fault};
    b->problem.probe = b->watch;
    ck_assert_int_eq(sl_test_problem_init(&b->problem, SL_TEST_PROBE,
                                          LAYERS_EACH * devices, BATCH, NULL),
                     SLUICE_OK);
    b->optimizer = sl_test_wary_sgd();
    b->config = b->problem.config;
    b->config.optimizer = &b->optimizer;
    b->config.schedule.devices = devices;
    b->config.schedule.microbatches = microbatches;
    b->config.schedule.name = schedule;
    b->config.schedule.backward_order =
        strcmp(schedule, "gpipe") ? SLUICE_IN_ORDER : SLUICE_REVERSE;
    b->config.remat = remat;
    b->config.queue_capacity = capacity;
    ck_assert_msg(!sl_test_pair_init(&b->pair, &b->problem, &b->config), "%s",
                  b->pair.why.text);
}

static void tear_down(struct bench *b)
{
    sl_test_pair_fini(&b->pair);
    sl_test_problem_fini(&b->problem);
}

/* The first row of a micro-batch of a full mini-batch. */
static int64_t first_row_of(const struct bench *b, int microbatch)
{
    int64_t first = 0;
    for (int m = 0; m < microbatch; m++)
        first += BATCH / b->config.schedule.microbatches +
                 (m < BATCH % b->config.schedule.microbatches);
    return first;
}

/* A step with the fault of `b` fails in `action`, and does no harm. */
static void fail_step(struct bench *b, int device, sluice_action action,
                      sluice_status expected)
{
    char name[SLUICE_DIAG_ACTION], where[160];
    const struct sl_test_problem *p = &b->problem;
    b->n_cells++;
    if (sl_test_skips_of(5))
        return;
    sluice_action_format(action, name, sizeof name);
    snprintf(where, sizeof where,
             "K %d, M %d, %s, remat %d, capacity %d: pass %d at layer %d in %s",
             b->config.schedule.devices, b->config.schedule.microbatches,
             b->config.schedule.name, (int)b->config.remat,
             b->config.queue_capacity, (int)b->fault.pass, b->fault.layer,
             name);

    sluice_result result = {.rows = -1};
    sluice_diag why = {0};
    uint64_t steps = sluice_pipeline_n_steps(b->pair.pipe);
    b->fault.armed = true;
    sluice_status st = sluice_pipeline_step(b->pair.pipe, p->x, p->targets,
                                            BATCH, &result, &why);
    b->fault.armed = false;
    ck_assert_msg(st == expected && why.status == st, "%s: %s, %s", where,
                  sluice_status_name(st), why.text);
    ck_assert_msg(why.device == device && why.stage == action.stage &&
                      why.microbatch == action.microbatch &&
                      !strcmp(why.action, name),
                  "%s: reported at device %d, stage %d, micro-batch %d, %s",
                  where, why.device, why.stage, why.microbatch, why.action);
    ck_assert_msg(strstr(why.text, b->fault.poison ? "too large" : "broke"),
                  "%s: %s", where, why.text);
    ck_assert_int_eq(result.rows, -1);
    ck_assert_uint_eq(sluice_pipeline_n_steps(b->pair.pipe), steps);
    ck_assert_msg(!sl_test_parameters(&b->pair), "%s: changed: %s", where,
                  b->pair.text);
    ck_assert_msg(!sl_test_step(&b->pair, 3, BATCH), "%s: then: %s", where,
                  b->pair.text);
}

/* A pass of one of the layers of a stage, by turns the first and last one. */
static void fail_pass(struct bench *b, int device, sluice_action action,
                      enum sl_test_pass pass)
{
    b->fault = (struct sl_test_fault){
        .pass = pass,
        .layer = LAYERS_EACH * action.stage + (int)(b->n_cells % LAYERS_EACH),
        .first_row = first_row_of(b, action.microbatch),
    };
    fail_step(b, device, action, SLUICE_IO);
}

static void fail_loss(struct bench *b, int device, sluice_action action,
                      enum sl_test_pass pass)
{
    if (action.stage != b->config.schedule.devices - 1)
        return;
    b->fault = (struct sl_test_fault){
        .pass = pass,
        .layer = -1,
        .first_row = first_row_of(b, action.microbatch),
    };
    fail_step(b, device, action, SLUICE_IO);
}

/* Every way in which an action can fail. */
static void fail_action(struct bench *b, int device, sluice_action action)
{
    switch (action.kind) {
    case SLUICE_F:
        fail_pass(b, device, action, SL_TEST_FORWARD);
        fail_loss(b, device, action, SL_TEST_LOSS_FORWARD);
        break;
    case SLUICE_R:
        fail_pass(b, device, action, SL_TEST_RECOMPUTE);
        break;
    case SLUICE_B:
        fail_loss(b, device, action, SL_TEST_LOSS_BACKWARD);
        fail_pass(b, device, action, SL_TEST_INPUT);
        fail_pass(b, device, action, SL_TEST_WEIGHT);
        break;
    case SLUICE_UPDATE:
        b->fault = (struct sl_test_fault){
            .poison = true,
            .pass = SL_TEST_WEIGHT,
            .layer = LAYERS_EACH * action.stage,
            .first_row =
                b->config.schedule.backward_order == SLUICE_IN_ORDER
                    ? first_row_of(b, b->config.schedule.microbatches - 1)
                    : 0,
        };
        fail_step(b, device, action, SLUICE_LAYER);
        break;
    default:
        ck_abort_msg("an action that this test does not know");
    }
}

static void fail_everywhere(int devices, int microbatches, const char *schedule,
                            sluice_remat remat, int capacity)
{
    struct bench b = {0};
    set_up(&b, devices, microbatches, schedule, remat, capacity);
    ck_assert_msg(!sl_test_step(&b.pair, 1, BATCH), "%s", b.pair.text);
    for (int d = 0; d < devices; d++) {
        int n;
        const sluice_action *actions = sluice_schedule_actions(
            sluice_pipeline_schedule(b.pair.pipe), d, &n);
        for (int i = 0; i < n; i++)
            fail_action(&b, d, actions[i]);
    }
    /* F, I, W and perhaps R everywhere; the loss twice; the updates. */
    int recomputed = remat == SLUICE_REMAT_ALWAYS        ? microbatches
                     : remat == SLUICE_REMAT_EXCEPT_LAST ? microbatches - 1
                                                         : 0;
    ck_assert_int_eq(b.n_cells, devices * (3 * microbatches + recomputed) +
                                    2 * microbatches + devices);
    tear_down(&b);
}

static void fail_under(const char *schedule)
{
    static const int microbatches[] = {1, 2, 3, 5, 8};
    for (int devices = 1; devices <= 6; devices++)
        for (int m = 0; m < 5; m++)
            for (int remat = 0; remat < 3; remat++)
                for (int capacity = 1; capacity <= 2; capacity++)
                    if (remat < SLUICE_REMAT_EXCEPT_LAST ||
                        capacity == 1 + (devices + m) % 2)
                        fail_everywhere(devices, microbatches[m], schedule,
                                        (sluice_remat)remat, capacity);
}

START_TEST(under_gpipe_the_first_error_is_the_one_reported)
{
    fail_under("gpipe");
}
END_TEST

START_TEST(under_1f1b_the_first_error_is_the_one_reported)
{
    fail_under("1f1b");
}
END_TEST

START_TEST(a_failing_evaluation_names_its_cell_too)
{
    struct bench b = {0};
    set_up(&b, 3, 4, "gpipe", SLUICE_REMAT_NEVER, 1);
    const struct sl_test_problem *p = &b.problem;
    for (int stage = 0; stage < 3; stage++)
        for (int m = 0; m < 4; m++) {
            sluice_diag why;
            sluice_result result;
            char name[SLUICE_DIAG_ACTION];
            b.fault = (struct sl_test_fault){
                .armed = true,
                .pass = SL_TEST_FORWARD,
                .layer = LAYERS_EACH * stage + 1,
                .first_row = first_row_of(&b, m),
            };
            ck_assert_int_eq(sluice_pipeline_evaluate(b.pair.pipe, p->x,
                                                      p->targets, BATCH,
                                                      &result, &why),
                             SLUICE_IO);
            snprintf(name, sizeof name, "%dF%d", stage, m);
            ck_assert_str_eq(why.action, name);
            ck_assert_int_eq(why.device, stage);
            ck_assert_int_eq(why.stage, stage);
            ck_assert_int_eq(why.microbatch, m);
            float y[BATCH * 8];
            ck_assert_int_eq(
                sluice_pipeline_infer(b.pair.pipe, p->x, BATCH, y, &why),
                SLUICE_IO);
            ck_assert_str_eq(why.action, name);
            b.fault.armed = false;
            ck_assert_int_eq(sl_test_evaluate(&b.pair, 0, BATCH), 0);
            ck_assert_int_eq(sl_test_step(&b.pair, 0, BATCH), 0);
        }
    tear_down(&b);
}
END_TEST

START_TEST(failing_steps_in_a_row_do_no_harm)
{
    struct bench b = {0};
    set_up(&b, 4, 5, "gpipe", SLUICE_REMAT_ALWAYS, 1);
    const struct sl_test_problem *p = &b.problem;
    for (int i = 0; i < 40; i++) {
        b.fault = (struct sl_test_fault){
            .armed = true,
            .pass = (enum sl_test_pass)(i % 4),
            .layer = i % 8,
            .first_row = first_row_of(&b, i * 3 % 5),
        };
        sluice_result result;
        ck_assert_int_eq(sluice_pipeline_step(b.pair.pipe, p->x, p->targets,
                                              BATCH, &result, NULL),
                         SLUICE_IO);
    }
    b.fault.armed = false;
    ck_assert_msg(!sl_test_step(&b.pair, 0, BATCH), "%s", b.pair.text);
    tear_down(&b);
}
END_TEST

START_TEST(a_label_out_of_range_is_reported_at_its_cell)
{
    struct sl_test_problem p = {0};
    struct sl_test_pair pair;
    sl_test_problem_init(&p, SL_TEST_RELU, 4, BATCH, NULL);
    sluice_pipeline_config config = p.config;
    config.schedule.devices = 2;
    config.schedule.microbatches = 4;
    ck_assert_int_eq(sl_test_pair_init(&pair, &p, &config), SLUICE_OK);
    sluice_result result;
    int32_t labels[BATCH] = {0, 1, 2, 3, 4, -1, 0, 1};
    sluice_diag why;
    ck_assert_int_eq(
        sluice_pipeline_step(pair.pipe, p.x, labels, BATCH, &result, &why),
        SLUICE_INVALID);
    ck_assert_str_eq(why.action, "1F2");
    ck_assert_int_eq(why.device, 1);
    ck_assert_msg(!sl_test_step(&pair, 0, BATCH), "%s", pair.text);
    sl_test_pair_fini(&pair);
    sl_test_problem_fini(&p);
}
END_TEST

/* Fails with a status of the test's choice, and without a word. */
static sluice_status fail_mutely(void *context, const struct sl_test_cell *cell)
{
    const sluice_status *status = context;
    return cell->layer == 2 && cell->first_row == 4 ? *status : SLUICE_OK;
}

START_TEST(any_status_of_a_layer_is_passed_on_with_a_sentence)
{
    sluice_status status = SLUICE_OK;
    struct bench b = {.watch = {fail_mutely, &status}};
    set_up(&b, 3, 4, "gpipe", SLUICE_REMAT_NEVER, 2);
    for (int i = 1; i < SLUICE_N_STATUSES; i++) {
        sluice_result result;
        sluice_diag why = {0};
        status = (sluice_status)i;
        ck_assert_int_eq(sluice_pipeline_step(b.pair.pipe, b.problem.x,
                                              b.problem.targets, BATCH, &result,
                                              &why),
                         i);
        ck_assert_int_eq(why.status, i);
        ck_assert_str_eq(why.action, "1F2");
        ck_assert_int_gt(strlen(why.text), 10);
        ck_assert_int_eq(sluice_pipeline_step(b.pair.pipe, b.problem.x,
                                              b.problem.targets, BATCH, &result,
                                              NULL),
                         i);
        status = SLUICE_OK;
        ck_assert_msg(!sl_test_step(&b.pair, 0, BATCH), "%s", b.pair.text);
    }
    tear_down(&b);
}
END_TEST

/* Writes its sentence by itself, and nothing else. */
static sluice_status fail_by_hand(void *context,
                                  const struct sl_test_cell *cell)
{
    (void)context;
    if (cell->layer != 2)
        return SLUICE_OK;
    snprintf(cell->why->text, sizeof cell->why->text, "by hand");
    return SLUICE_LAYER;
}

START_TEST(a_sentence_that_a_layer_writes_by_itself_gets_its_place)
{
    struct bench b = {.watch = {fail_by_hand, NULL}};
    sluice_diag why = {0};
    set_up(&b, 3, 4, "gpipe", SLUICE_REMAT_NEVER, 2);
    ck_assert_int_eq(sluice_pipeline_step(b.pair.pipe, b.problem.x,
                                          b.problem.targets, BATCH, NULL, &why),
                     SLUICE_LAYER);
    ck_assert_int_eq(why.status, SLUICE_LAYER);
    ck_assert_str_eq(why.text, "by hand");
    ck_assert_str_eq(why.action, "1F0");
    ck_assert_int_eq(why.device, 1);
    ck_assert_int_eq(why.stage, 1);
    ck_assert_int_eq(why.microbatch, 0);
    ck_assert_int_eq(why.position, -1);
    tear_down(&b);
}
END_TEST

/* The passes of a stage's layers that fail in pairs: F, I and W of a layer. */
static struct sl_test_fault pair_fault(const struct bench *b, int i)
{
    static const enum sl_test_pass passes[] = {SL_TEST_FORWARD, SL_TEST_INPUT,
                                               SL_TEST_WEIGHT};
    int m = b->config.schedule.microbatches;
    return (struct sl_test_fault){
        .armed = true,
        .pass = passes[i % 3],
        .layer = LAYERS_EACH * (i / 3 / m),
        .first_row = first_row_of(b, i / 3 % m),
    };
}

/* The same cell as a schedule writes it. */
static void pair_name(const struct bench *b, int i, char *name, size_t bytes)
{
    int m = b->config.schedule.microbatches;
    snprintf(name, bytes, "%d%c%d", i / 3 / m, i % 3 ? 'B' : 'F', i / 3 % m);
}

static sluice_status fail_at_two(void *context, const struct sl_test_cell *cell)
{
    const struct sl_test_fault *faults = context;
    if (!sl_test_fault_is_at(&faults[0], cell) &&
        !sl_test_fault_is_at(&faults[1], cell))
        return SLUICE_OK;
    return sluice_diag_set(cell->why, SLUICE_IO, "layer %d broke", cell->layer);
}

START_TEST(of_two_failures_one_true_one_is_reported)
{
    enum { K = 3, M = 3, CELLS = K * M * 3 };
    struct sl_test_fault faults[2] = {{0}};
    struct bench b = {.watch = {fail_at_two, faults}};
    set_up(&b, K, M, "gpipe", SLUICE_REMAT_NEVER, 1);
    for (int i = 0; i < CELLS; i++)
        for (int j = i + 1; j < CELLS; j++) {
            char names[2][SLUICE_DIAG_ACTION];
            sluice_result result;
            sluice_diag why;
            if (sl_test_skips_of(5))
                continue;
            pair_name(&b, i, names[0], sizeof names[0]);
            pair_name(&b, j, names[1], sizeof names[1]);
            faults[0] = pair_fault(&b, i);
            faults[1] = pair_fault(&b, j);
            ck_assert_int_eq(sluice_pipeline_step(b.pair.pipe, b.problem.x,
                                                  b.problem.targets, BATCH,
                                                  &result, &why),
                             SLUICE_IO);
            ck_assert_msg(!strcmp(why.action, names[0]) ||
                              !strcmp(why.action, names[1]),
                          "%s and %s failed, %s was reported", names[0],
                          names[1], why.action);
            ck_assert_int_eq(why.device, why.stage);
            memset(faults, 0, sizeof faults);
            ck_assert_msg(!sl_test_step(&b.pair, 0, BATCH), "%s, %s: %s",
                          names[0], names[1], b.pair.text);
        }
    tear_down(&b);
}
END_TEST

SLUICE_TEST_MAIN("pipeline.failure",
                 under_gpipe_the_first_error_is_the_one_reported,
                 under_1f1b_the_first_error_is_the_one_reported,
                 a_failing_evaluation_names_its_cell_too,
                 failing_steps_in_a_row_do_no_harm,
                 a_label_out_of_range_is_reported_at_its_cell,
                 any_status_of_a_layer_is_passed_on_with_a_sentence,
                 a_sentence_that_a_layer_writes_by_itself_gets_its_place,
                 of_two_failures_one_true_one_is_reported)

/*
 * What cannot run is refused before a thread starts, with the numbers in the
 * sentence; everything else runs and equals the reference.
 */
#include <sluice/across_layers.h>
#include <limits.h>
#include <math.h>
#include <string.h>

#include "support/allocator.h"
#include "support/grid.h"
#include "support/judged_pair.h"
#include "support/process.h"
#include "support/runner.h"
#include "support/sentence.h"

enum { LAYERS = 6, BATCH = 12 };

static struct sl_test_problem problem;

static void set_up(int64_t batch)
{
    problem = (struct sl_test_problem){0};
    ck_assert_int_eq(
        sl_test_problem_init(&problem, SL_TEST_RELU, LAYERS, batch, NULL),
        SLUICE_OK);
}

static void tear_down(void)
{
    sl_test_problem_fini(&problem);
}

/* The config is refused by plan and create alike, and nothing has happened. */
static sluice_diag refuse(const sluice_pipeline_config *config,
                          sluice_status expected)
{
    sluice_memory_plan plans[SLUICE_MAX_DEVICES];
    sluice_pipeline *pipe = NULL;
    sluice_diag why = {0}, plan_why = {0};
    int threads = sl_test_threads_at_rest();
    sluice_status st =
        sluice_pipeline_create(config, problem.model, &pipe, &why);
    ck_assert_msg(st == expected, "%s instead of %s: %s",
                  sluice_status_name(st), sluice_status_name(expected),
                  why.text);
    ck_assert_int_eq(why.status, st);
    ck_assert_int_gt(strlen(why.text), 10);
    ck_assert_ptr_null(pipe);
    ck_assert_int_le(sl_test_threads(), threads);
    ck_assert_int_eq(
        sluice_pipeline_plan(problem.model, config, plans, &plan_why),
        expected);
    ck_assert_str_eq(plan_why.text, why.text);
    return why;
}

/* A nearest divisor of `batch` to m is in the text. */
static bool names_nearest(const char *text, int batch, int m)
{
    int least = INT_MAX;
    for (int d = 1; d <= batch; d++)
        if (batch % d == 0 && abs(d - m) < least)
            least = abs(d - m);
    return ((m - least >= 1 && batch % (m - least) == 0) &&
            sl_test_names(text, m - least)) ||
           (batch % (m + least) == 0 && sl_test_names(text, m + least));
}

static void try(int batch, int m, int devices, bool uneven)
{
    sluice_pipeline_config config = problem.config;
    config.schedule.devices = devices;
    config.schedule.microbatches = m;
    config.uneven = uneven;
    config.queue_capacity = 1 + (batch + m) % 2;
    if (!uneven && batch % m) {
        sluice_reference *ref;
        sluice_diag ref_why, why = refuse(&config, SLUICE_INVALID);
        ck_assert_int_eq(
            sluice_reference_create(&config, problem.model, &ref, &ref_why),
            SLUICE_INVALID);
        ck_assert_str_eq(ref_why.text, why.text);
        ck_assert_msg(sl_test_names(why.text, batch) &&
                          sl_test_names(why.text, m) &&
                          names_nearest(why.text, batch, m),
                      "B %d, M %d: %s", batch, m, why.text);
        return;
    }
    struct sl_test_pair pair;
    ck_assert_msg(!sl_test_pair_init(&pair, &problem, &config),
                  "B %d, M %d, K %d: %s", batch, m, devices, pair.why.text);
    long wrong = sl_test_step(&pair, 0, batch) +
                 sl_test_step(&pair, 1, (batch + 1) / 2) +
                 sl_test_evaluate(&pair, 0, 2 * batch - 1);
    ck_assert_msg(!wrong, "B %d, M %d, K %d: %s", batch, m, devices, pair.text);
    sl_test_pair_fini(&pair);
}

START_TEST(any_batch_runs_or_is_refused)
{
    for (int batch = 1; batch <= 17; batch++) {
        set_up(batch);
        for (int m = 1; m <= 9; m++)
            for (int devices = 1; devices <= 6; devices++) {
                if (sl_test_skips_of(2))
                    continue;
                try(batch, m, devices, false);
                if (batch % m)
                    try(batch, m, devices, true);
            }
        tear_down();
    }
}
END_TEST

START_TEST(more_devices_than_layers_are_refused)
{
    set_up(BATCH);
    sluice_pipeline_config config = problem.config;
    config.schedule.devices = LAYERS + 1;
    sluice_diag why = refuse(&config, SLUICE_INVALID);
    ck_assert_msg(sl_test_names(why.text, LAYERS) &&
                      sl_test_names(why.text, LAYERS + 1),
                  "%s", why.text);
    tear_down();
}
END_TEST

START_TEST(numbers_of_devices_out_of_range_are_refused)
{
    set_up(BATCH);
    sluice_pipeline_config config = problem.config;
    config.schedule.devices = SLUICE_MAX_DEVICES + 1;
    sluice_diag why = refuse(&config, SLUICE_INVALID);
    ck_assert_msg(sl_test_names(why.text, SLUICE_MAX_DEVICES + 1) &&
                      sl_test_names(why.text, SLUICE_MAX_DEVICES),
                  "%s", why.text);
    config.schedule.devices = -1;
    why = refuse(&config, SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, "-1"), "%s", why.text);
    tear_down();
}
END_TEST

/* Making one may take long. */
START_TEST(what_needs_no_schedule_is_refused_before_one_is_made)
{
    set_up(BATCH);
    struct sl_test_allocator allocator;
    sl_test_allocator_init(&allocator);
    sluice_memory_plan plans[SLUICE_MAX_DEVICES];
    sluice_pipeline_config wide = problem.config, uneven = problem.config;
    wide.allocator = uneven.allocator = &allocator.hooks;
    wide.schedule.devices = SLUICE_MAX_DEVICES + 1;
    uneven.schedule.microbatches = 5;
    uneven.uneven = false;
    ck_assert_int_eq(sluice_pipeline_plan(problem.model, &wide, plans, NULL),
                     SLUICE_INVALID);
    ck_assert_int_eq(sluice_pipeline_plan(problem.model, &uneven, plans, NULL),
                     SLUICE_INVALID);
    ck_assert_int_eq(allocator.n_calls, 0);
    tear_down();
}
END_TEST

START_TEST(batches_and_micro_batches_out_of_range_are_refused)
{
    set_up(BATCH);
    sluice_pipeline_config config = problem.config;
    config.schedule.microbatches = SLUICE_MAX_MICROBATCHES + 1;
    sluice_diag why = refuse(&config, SLUICE_INVALID);
    ck_assert_msg(sl_test_names(why.text, SLUICE_MAX_MICROBATCHES), "%s",
                  why.text);
    config.uneven = false;
    config.schedule.microbatches = INT_MAX;
    why = refuse(&config, SLUICE_INVALID);
    ck_assert_msg(sl_test_names(why.text, SLUICE_MAX_MICROBATCHES), "%s",
                  why.text);
    config.schedule.microbatches = -3;
    why = refuse(&config, SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, "-3"), "%s", why.text);
    config.uneven = problem.config.uneven;
    config.batch = 0;
    refuse(&config, SLUICE_INVALID);
    config.schedule.microbatches = 1;
    config.batch = 0;
    refuse(&config, SLUICE_INVALID);
    config.batch = -12;
    refuse(&config, SLUICE_INVALID);
    for (config.schedule.microbatches = 1; config.schedule.microbatches < 4;
         config.schedule.microbatches++) {
        config.batch = INT64_MAX;
        refuse(&config, SLUICE_INVALID);
        config.batch = INT64_MAX / 64;
        refuse(&config, SLUICE_INVALID);
    }
    tear_down();
}
END_TEST

START_TEST(as_many_micro_batches_as_allowed_can_be_planned)
{
    set_up(BATCH);
    sluice_memory_plan few[2], many[2];
    sluice_pipeline_config config = problem.config;
    config.schedule.devices = 2;
    config.schedule.microbatches = BATCH;
    ck_assert_int_eq(sluice_pipeline_plan(problem.model, &config, few, NULL),
                     SLUICE_OK);
    config.schedule.microbatches = SLUICE_MAX_MICROBATCHES;
    ck_assert_int_eq(sluice_pipeline_plan(problem.model, &config, many, NULL),
                     SLUICE_OK);
    ck_assert_uint_gt(many[0].stash, 1000 * few[0].stash);
    config.schedule.microbatches++;
    sluice_diag why = refuse(&config, SLUICE_INVALID);
    ck_assert_msg(sl_test_names(why.text, SLUICE_MAX_MICROBATCHES) &&
                      sl_test_names(why.text, SLUICE_MAX_MICROBATCHES + 1),
                  "%s", why.text);
    tear_down();
}
END_TEST

/* Rows of 2^33 elements, mini-batches of 2^31 - 1 rows. */
START_TEST(sizes_beyond_any_memory_are_refused_before_they_are_measured)
{
    static const sluice_cut cuts[] = {SLUICE_CUT_UNIFORM, SLUICE_CUT_FLOPS,
                                      SLUICE_CUT_TIME, SLUICE_CUT_BYTES};
    set_up(BATCH);
    sluice_model *small = problem.model;
    ck_assert_int_eq(
        sluice_model_create(&(sluice_model_config){.input = sluice_shape_vector(
                                                       (int64_t)1 << 33)},
                            &problem.model, NULL),
        SLUICE_OK);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(
            sluice_model_add(problem.model, sluice_activate(),
                             &(sluice_activate_config){SLUICE_RELU}, NULL),
            SLUICE_OK);
    sluice_pipeline_config config = problem.config;
    config.loss = sluice_mean_squared_error();
    config.schedule.devices = 2;
    config.batch = INT32_MAX;
    for (int i = 0; i < 4; i++) {
        config.cut = cuts[i];
        sluice_diag why = refuse(&config, SLUICE_INVALID);
        ck_assert_msg(strstr(why.text, "bytes"), "%s", why.text);
    }
    sluice_model_destroy(problem.model);
    problem.model = small;
    tear_down();
}
END_TEST

START_TEST(a_queue_holds_no_more_than_there_is)
{
    enum { M = 4 };
    static const int capacities[] = {M, M + 1, SLUICE_MAX_MICROBATCHES,
                                     INT_MAX};
    set_up(BATCH);
    sluice_memory_plan plans[4][3];
    sluice_pipeline_config config = problem.config;
    config.schedule.devices = 3;
    config.schedule.microbatches = M;
    for (int i = 0; i < 4; i++) {
        config.queue_capacity = capacities[i];
        ck_assert_int_eq(
            sluice_pipeline_plan(problem.model, &config, plans[i], NULL),
            SLUICE_OK);
        ck_assert_mem_eq(plans[i], plans[0], sizeof plans[0]);
        struct sl_test_pair pair;
        ck_assert_msg(!sl_test_pair_init(&pair, &problem, &config), "%s",
                      pair.why.text);
        ck_assert_msg(!sl_test_step(&pair, 0, BATCH), "%s", pair.text);
        ck_assert_msg(!sl_test_evaluate(&pair, 0, BATCH), "%s", pair.text);
        sl_test_pair_fini(&pair);
    }
    tear_down();
}
END_TEST

START_TEST(a_partition_that_does_not_add_up_is_refused)
{
    static const int lists[][3] = {{2, 2, 1}, {3, 3, 1}, {0, 3, 3}, {7, -2, 1}};
    set_up(BATCH);
    sluice_pipeline_config config = problem.config;
    config.schedule.devices = 3;
    config.cut = SLUICE_CUT_LIST;
    for (int i = 0; i < 4; i++) {
        config.partition = lists[i];
        refuse(&config, SLUICE_INVALID);
    }
    config.partition = lists[0];
    sluice_diag why = refuse(&config, SLUICE_INVALID);
    ck_assert_msg(sl_test_names(why.text, 5) && sl_test_names(why.text, LAYERS),
                  "%s", why.text);
    config.partition = NULL;
    refuse(&config, SLUICE_INVALID);
    tear_down();
}
END_TEST

START_TEST(what_must_be_given_is_asked_for)
{
    set_up(BATCH);
    sluice_pipeline_config config = problem.config;
    config.loss = NULL;
    refuse(&config, SLUICE_INVALID);
    config = problem.config;
    config.optimizer = NULL;
    refuse(&config, SLUICE_INVALID);
    config = problem.config;
    config.queue_capacity = -1;
    refuse(&config, SLUICE_INVALID);
    config = problem.config;
    config.schedule.name = "no-such-schedule";
    sluice_diag why;
    sluice_pipeline *pipe = NULL;
    sluice_status st =
        sluice_pipeline_create(&config, problem.model, &pipe, &why);
    ck_assert(st == SLUICE_INVALID || st == SLUICE_NOT_FOUND);
    ck_assert_msg(strstr(why.text, "gpipe"), "%s", why.text);
    tear_down();
}
END_TEST

START_TEST(choices_that_are_none_are_refused)
{
    set_up(BATCH);
    sluice_pipeline_config config = problem.config;
    config.cut = (sluice_cut)77;
    refuse(&config, SLUICE_INVALID);
    config = problem.config;
    config.remat = (sluice_remat)77;
    refuse(&config, SLUICE_INVALID);
    config = problem.config;
    config.schedule.backward_order = (sluice_backward_order)77;
    refuse(&config, SLUICE_INVALID);
    config = problem.config;
    config.pinning = (sluice_pinning)77;
    sluice_diag why = refuse(&config, SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, "sluice_pinning"), "%s", why.text);
    config = problem.config;
    config.finite = (sluice_finite)77;
    why = refuse(&config, SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, "sluice_finite"), "%s", why.text);
    tear_down();
}
END_TEST

static sluice_status no_loss(sluice_loss_plan *plan, sluice_diag *why)
{
    (void)plan;
    return sluice_diag_set(why, SLUICE_INVALID, "this loss fits nothing");
}

static sluice_status no_optimizer(const void *config, int *n_states,
                                  double *learning_rate, sluice_diag *why)
{
    (void)config;
    (void)n_states;
    (void)learning_rate;
    return sluice_diag_set(why, SLUICE_INVALID, "this optimizer wants more");
}

START_TEST(a_loss_or_optimizer_that_refuses_has_its_say)
{
    set_up(BATCH);
    sluice_pipeline_config config = problem.config;
    sluice_loss_ops loss = *config.loss;
    loss.infer = no_loss;
    config.loss = &loss;
    sluice_diag why = refuse(&config, SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, "fits nothing"), "%s", why.text);

    config = problem.config;
    sluice_optimizer_ops optimizer = *config.optimizer;
    optimizer.infer = no_optimizer;
    config.optimizer = &optimizer;
    why = refuse(&config, SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, "wants more"), "%s", why.text);
    tear_down();
}
END_TEST

static sluice_status fill_no_loss(sluice_loss_plan *plan, sluice_diag *why)
{
    (void)why;
    plan->target_row_bytes = -4;
    plan->row_terms = 1;
    return SLUICE_OK;
}

static sluice_status fill_no_rate(const void *config, int *n_states,
                                  double *learning_rate, sluice_diag *why)
{
    (void)config;
    (void)why;
    *n_states = 0;
    *learning_rate = NAN;
    return SLUICE_OK;
}

/* Pipeline and reference refuse in the same words, which name `field`. */
static void refuse_in_both(const sluice_pipeline_config *config,
                           const char *field)
{
    sluice_reference *ref = NULL;
    sluice_diag ref_why, why = refuse(config, SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, field), "%s", why.text);
    ck_assert_int_eq(
        sluice_reference_create(config, problem.model, &ref, &ref_why),
        SLUICE_INVALID);
    ck_assert_ptr_null(ref);
    ck_assert_str_eq(ref_why.text, why.text);
}

START_TEST(what_a_loss_or_optimizer_fills_in_is_checked)
{
    set_up(BATCH);
    sluice_pipeline_config config = problem.config;
    sluice_loss_ops loss = *config.loss;
    loss.infer = fill_no_loss;
    config.loss = &loss;
    refuse_in_both(&config, "target_row_bytes");

    config = problem.config;
    sluice_optimizer_ops optimizer = *config.optimizer;
    optimizer.infer = fill_no_rate;
    config.optimizer = &optimizer;
    refuse_in_both(&config, "learning rate");
    tear_down();
}
END_TEST

START_TEST(an_empty_model_is_refused)
{
    sluice_model *full;
    set_up(BATCH);
    full = problem.model;
    ck_assert_int_eq(sluice_model_create(
                         &(sluice_model_config){sluice_shape_vector(3), NULL},
                         &problem.model, NULL),
                     SLUICE_OK);
    refuse(&problem.config, SLUICE_INVALID);
    sluice_model_destroy(problem.model);
    problem.model = full;
    tear_down();
}
END_TEST

START_TEST(a_stash_that_nothing_pops_is_refused)
{
    const sluice_stash_config stash = {"a"};
    set_up(BATCH);
    ck_assert(!sluice_model_add(problem.model, sluice_stash(), &stash, NULL));
    sluice_diag why = refuse(&problem.config, SLUICE_INVALID);
    ck_assert_msg(
        strstr(why.text, " is stash(a), and no layer pops it; add pop(a)"),
        "%s", why.text);
    tear_down();
}
END_TEST

START_TEST(a_model_with_an_open_layer_is_refused)
{
    sluice_reference *ref;
    sluice_diag why = {0};
    set_up(BATCH);
    ck_assert_int_eq(sluice_model_begin(problem.model, sluice_residual(), NULL),
                     SLUICE_OK);
    sluice_pipeline_config config = problem.config;
    why = refuse(&config, SLUICE_INVALID);
    ck_assert(strstr(why.text, "sluice_model_end()"));
    ck_assert_int_eq(
        sluice_reference_create(&config, problem.model, &ref, &why),
        SLUICE_INVALID);
    ck_assert(strstr(why.text, "begun and not ended"));
    tear_down();
}
END_TEST

SLUICE_TEST_MAIN("pipeline.refusals", any_batch_runs_or_is_refused,
                 more_devices_than_layers_are_refused,
                 numbers_of_devices_out_of_range_are_refused,
                 what_needs_no_schedule_is_refused_before_one_is_made,
                 batches_and_micro_batches_out_of_range_are_refused,
                 a_stash_that_nothing_pops_is_refused,
                 as_many_micro_batches_as_allowed_can_be_planned,
                 sizes_beyond_any_memory_are_refused_before_they_are_measured,
                 a_queue_holds_no_more_than_there_is,
                 a_partition_that_does_not_add_up_is_refused,
                 what_must_be_given_is_asked_for,
                 choices_that_are_none_are_refused,
                 a_loss_or_optimizer_that_refuses_has_its_say,
                 what_a_loss_or_optimizer_fills_in_is_checked,
                 an_empty_model_is_refused,
                 a_model_with_an_open_layer_is_refused)

/*
 * Epochs.  The network hands its input on; row i has feature i and target i, so
 * a loss that keeps a record sees which rows come by, and in which order.
 */
#include <sluice/train.h>

#include "support/allocator.h"
#include "support/runner.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <sluice/layer.h>
#include <sluice/model.h>
#include <sluice/optimizer.h>

enum { ROWS = 13, TEST_ROWS = 5, BATCH = 4, EPOCHS = 2, SEEN = 256 };

/* What the loss saw: the device's thread writes, the test reads between
 * steps. */
static struct {
    int n;
    int rows[SEEN];
    int n_strange; /* rows that came with the target of another one */
    int fail_at;   /* the loss fails when it meets this row; -1: never */
} seen;

static sluice_status seeing_infer(sluice_loss_plan *plan, sluice_diag *why)
{
    (void)why;
    plan->target_row_bytes = sizeof(float);
    plan->row_terms = 1;
    plan->counts_correct = true;
    return SLUICE_OK;
}

/* A row's term is its number; even numbers count as correct. */
static sluice_status seeing_forward(const sluice_loss_call *call, double *sum,
                                    int64_t *correct)
{
    const float *targets = call->targets;
    *sum = 0;
    *correct = 0;
    for (int64_t i = 0; i < call->rows; i++) {
        int row = (int)targets[i];
        if (row == seen.fail_at)
            return sluice_diag_set(call->why, SLUICE_LAYER, "met row %d", row);
        seen.n_strange += call->y[i] != targets[i];
        if (seen.n < SEEN)
            seen.rows[seen.n++] = row;
        *sum += row;
        *correct += row % 2 == 0;
    }
    return SLUICE_OK;
}

static sluice_status seeing_backward(const sluice_loss_call *call, float scale,
                                     float *dy)
{
    (void)scale;
    memset(dy, 0, sizeof *dy * (size_t)call->rows);
    return SLUICE_OK;
}

static const sluice_loss_ops seeing = {
    .name = "seeing",
    .infer = seeing_infer,
    .forward = seeing_forward,
    .backward = seeing_backward,
};

/* A pipeline of two devices, data, and what on_progress was told. */
static struct {
    sluice_model *model;
    sluice_pipeline *pipe;
    sluice_dataset *train;
    sluice_dataset *test;
    int n_told;
    sluice_progress told[SEEN];
    int stop_after; /* steps; 0: never */
} set;

static sluice_dataset *make_data(int rows, int features)
{
    sluice_array x;
    sluice_array y;
    const sluice_shape x_shape = sluice_shape_matrix(rows, features);
    const sluice_shape y_shape = sluice_shape_vector(rows);
    sluice_dataset *data = NULL;
    ck_assert_int_eq(sluice_array_init(&x, SLUICE_F32, &x_shape, NULL, NULL),
                     SLUICE_OK);
    ck_assert_int_eq(sluice_array_init(&y, SLUICE_F32, &y_shape, NULL, NULL),
                     SLUICE_OK);
    for (int i = 0; i < rows; i++) {
        ((float *)x.data)[i * features] = (float)i;
        ((float *)y.data)[i] = (float)i;
    }
    ck_assert_int_eq(sluice_dataset_create(NULL, &x, &y, &data, NULL),
                     SLUICE_OK);
    return data;
}

static sluice_dataset *make_zeros(int rows)
{
    sluice_array x;
    sluice_array y;
    const sluice_shape shape = sluice_shape_matrix(rows, 1);
    sluice_dataset *data = NULL;
    sluice_array_init(&x, SLUICE_F32, &shape, NULL, NULL);
    sluice_array_init(&y, SLUICE_F32, &shape, NULL, NULL);
    ck_assert_int_eq(sluice_dataset_create(NULL, &x, &y, &data, NULL),
                     SLUICE_OK);
    return data;
}

static void setup(const sluice_loss_ops *loss)
{
    const sluice_sgd_config sgd = {.learning_rate = 1};
    const float one = 1;
    memset(&seen, 0, sizeof seen);
    memset(&set, 0, sizeof set);
    seen.fail_at = -1;
    const sluice_pipeline_config config = {
        .schedule = {.devices = 2, .microbatches = 2},
        .batch = BATCH,
        .loss = loss,
        .optimizer = sluice_sgd(),
        .optimizer_config = &sgd,
    };
    ck_assert_int_eq(
        sluice_model_parse("1-1x2:identity", NULL, &set.model, NULL),
        SLUICE_OK);
    ck_assert_int_eq(
        sluice_pipeline_create(&config, set.model, &set.pipe, NULL), SLUICE_OK);
    sluice_pipeline_set_parameter(set.pipe, "0.weight", &one, 1, NULL);
    sluice_pipeline_set_parameter(set.pipe, "1.weight", &one, 1, NULL);
    set.train = make_data(ROWS, 1);
    set.test = make_data(TEST_ROWS, 1);
}

static void teardown(void)
{
    sluice_dataset_destroy(set.test);
    sluice_dataset_destroy(set.train);
    sluice_pipeline_destroy(set.pipe);
    sluice_model_destroy(set.model);
}

static bool on_progress(void *context, const sluice_progress *progress)
{
    ck_assert_ptr_eq(context, &set);
    set.told[set.n_told++] = *progress;
    return set.n_told != set.stop_after;
}

static sluice_train_config two_epochs(void)
{
    return (sluice_train_config){
        .epochs = EPOCHS,
        .batch = BATCH,
        .train = set.train,
        .on_progress = on_progress,
        .context = &set,
    };
}

START_TEST(each_epoch_sees_each_row_once)
{
    setup(&seeing);
    sluice_train_config config = two_epochs();
    ck_assert_int_eq(sluice_train(set.pipe, &config, NULL, NULL), SLUICE_OK);
    ck_assert_int_eq(seen.n, EPOCHS * ROWS);
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
        int times[ROWS] = {0};
        for (int i = 0; i < ROWS; i++)
            times[seen.rows[epoch * ROWS + i]]++;
        for (int i = 0; i < ROWS; i++)
            ck_assert_int_eq(times[i], 1);
    }
    ck_assert_int_eq(seen.n_strange, 0);
    teardown();
}
END_TEST

START_TEST(the_order_is_of_seed_and_epoch)
{
    int order[EPOCHS * ROWS];
    setup(&seeing);
    sluice_train_config config = two_epochs();
    sluice_train(set.pipe, &config, NULL, NULL);
    memcpy(order, seen.rows, sizeof order);
    ck_assert_int_ne(memcmp(order, order + ROWS, ROWS * sizeof *order), 0);
    seen.n = 0;
    sluice_train(set.pipe, &config, NULL, NULL);
    ck_assert_int_eq(memcmp(order, seen.rows, sizeof order), 0);
    seen.n = 0;
    config.seed = 1;
    sluice_train(set.pipe, &config, NULL, NULL);
    ck_assert_int_ne(memcmp(order, seen.rows, sizeof order), 0);
    teardown();
}
END_TEST

START_TEST(in_order_takes_the_rows_as_they_are)
{
    setup(&seeing);
    sluice_train_config config = two_epochs();
    config.in_order = true;
    ck_assert_int_eq(sluice_train(set.pipe, &config, NULL, NULL), SLUICE_OK);
    for (int i = 0; i < EPOCHS * ROWS; i++)
        ck_assert_int_eq(seen.rows[i], i % ROWS);
    teardown();
}
END_TEST

START_TEST(the_partial_batch_is_a_step_of_its_own)
{
    static const int rows_done[] = {4, 8, 12, 13, 13};
    static const double step_loss[] = {1.5, 5.5, 9.5, 12, 12};
    static const double loss[] = {1.5, 3.5, 5.5, 6, 6};
    setup(&seeing);
    sluice_train_config config = two_epochs();
    config.in_order = true;
    ck_assert_int_eq(sluice_train(set.pipe, &config, NULL, NULL), SLUICE_OK);
    ck_assert_int_eq(set.n_told, 2 * 5);
    for (int i = 0; i < set.n_told; i++) {
        const sluice_progress *p = &set.told[i];
        ck_assert_int_eq(p->epoch, 1 + i / 5);
        ck_assert_int_eq(p->n_epochs, EPOCHS);
        ck_assert_int_eq(p->epoch_end, i % 5 == 4);
        ck_assert_int_eq(p->n_rows, ROWS);
        ck_assert_int_eq(p->rows_done, rows_done[i % 5]);
        ck_assert_double_eq(p->step_loss, step_loss[i % 5]);
        ck_assert_double_eq(p->loss, loss[i % 5]);
        ck_assert_double_gt(p->rows_per_s, 0);
    }
    ck_assert_uint_eq(set.told[9].step, 8);
    ck_assert_uint_eq(sluice_pipeline_n_steps(set.pipe), 8);
    teardown();
}
END_TEST

START_TEST(metrics_weigh_each_row_alike)
{
    sluice_progress last;
    setup(&seeing);
    sluice_train_config config = two_epochs();
    config.test = set.test;
    ck_assert_int_eq(sluice_train(set.pipe, &config, &last, NULL), SLUICE_OK);
    ck_assert(last.epoch_end);
    ck_assert_double_eq(last.loss, 6);
    ck_assert_double_eq(last.accuracy, 7.0 / ROWS);
    ck_assert_double_eq(last.test_loss, 2);
    ck_assert_double_eq(last.test_accuracy, 3.0 / TEST_ROWS);
    teardown();
}
END_TEST

START_TEST(the_target_accuracy_ends_training)
{
    sluice_progress last;
    setup(&seeing);
    sluice_train_config config = two_epochs();
    config.test = set.test;
    config.target_accuracy = 0.6;
    ck_assert_int_eq(sluice_train(set.pipe, &config, &last, NULL), SLUICE_OK);
    ck_assert_int_eq(last.epoch, 1);
    config.target_accuracy = 0.61;
    ck_assert_int_eq(sluice_train(set.pipe, &config, &last, NULL), SLUICE_OK);
    ck_assert_int_eq(last.epoch, EPOCHS);
    teardown();
}
END_TEST

START_TEST(on_progress_ends_training)
{
    sluice_progress last;
    setup(&seeing);
    sluice_train_config config = two_epochs();
    set.stop_after = 2;
    ck_assert_int_eq(sluice_train(set.pipe, &config, &last, NULL), SLUICE_OK);
    ck_assert_int_eq(set.n_told, 2);
    ck_assert_int_eq(last.rows_done, 2 * BATCH);
    ck_assert(!last.epoch_end);
    set.n_told = 0;
    set.stop_after = 5; /* the end of the first epoch */
    ck_assert_int_eq(sluice_train(set.pipe, &config, &last, NULL), SLUICE_OK);
    ck_assert_int_eq(set.n_told, 5);
    ck_assert(last.epoch_end);
    ck_assert_int_eq(last.epoch, 1);
    teardown();
}
END_TEST

static void assert_refused(const sluice_train_config *config,
                           const char *sentence)
{
    sluice_diag why;
    sluice_progress last = {.epoch = -1};
    ck_assert_int_eq(sluice_train(set.pipe, config, &last, &why),
                     SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, sentence), "\"%s\"", why.text);
    ck_assert_int_eq(last.epoch, -1);
    ck_assert_int_eq(seen.n, 0);
}

START_TEST(numbers_out_of_range_are_refused)
{
    setup(&seeing);
    sluice_train_config config = two_epochs();
    config.epochs = 0;
    assert_refused(&config, "0 epochs");
    config = two_epochs();
    config.batch = 0;
    assert_refused(&config, "a batch of 0 rows");
    config.batch = BATCH + 1;
    assert_refused(&config, "a batch of 5 rows; the pipeline takes 1 to 4");
    config = two_epochs();
    config.train = NULL;
    assert_refused(&config, "no training data");
    teardown();
}
END_TEST

START_TEST(data_that_do_not_fit_are_refused)
{
    setup(&seeing);
    sluice_dataset *wide = make_data(ROWS, 3);
    sluice_train_config config = two_epochs();
    config.train = wide;
    assert_refused(&config, "a row of the training data has 3 features, but "
                            "the model takes 1");
    config = two_epochs();
    config.test = wide;
    assert_refused(&config, "a row of the test data has 3 features");
    sluice_dataset_destroy(wide);
    teardown();
}
END_TEST

START_TEST(targets_that_do_not_fit_are_refused)
{
    sluice_array x;
    sluice_array y;
    sluice_dataset *pairs;
    const sluice_shape x_shape = sluice_shape_matrix(ROWS, 1);
    const sluice_shape y_shape = sluice_shape_matrix(ROWS, 2);
    setup(&seeing);
    sluice_array_init(&x, SLUICE_F32, &x_shape, NULL, NULL);
    sluice_array_init(&y, SLUICE_F32, &y_shape, NULL, NULL);
    ck_assert_int_eq(sluice_dataset_create(NULL, &x, &y, &pairs, NULL),
                     SLUICE_OK);
    sluice_train_config config = two_epochs();
    config.train = pairs;
    assert_refused(&config, "a target of the training data has 8 bytes, but "
                            "loss \"seeing\" on this model takes 4");
    sluice_dataset_destroy(pairs);
    teardown();
}
END_TEST

START_TEST(a_target_that_nothing_can_reach_is_refused)
{
    setup(&seeing);
    sluice_train_config config = two_epochs();
    config.target_accuracy = 0.5;
    assert_refused(&config, "needs test data");
    teardown();
    setup(sluice_mean_squared_error());
    config = two_epochs();
    config.target_accuracy = 0.5;
    config.test = set.test;
    assert_refused(&config, "a loss that counts");
    teardown();
}
END_TEST

START_TEST(the_error_of_a_step_ends_training)
{
    sluice_diag why;
    setup(&seeing);
    sluice_train_config config = two_epochs();
    config.in_order = true;
    seen.fail_at = 9;
    ck_assert_int_eq(sluice_train(set.pipe, &config, NULL, &why), SLUICE_LAYER);
    ck_assert_ptr_nonnull(strstr(why.text, "met row 9"));
    ck_assert_int_eq(set.n_told, 2);
    config.batch = 2; /* smaller batches than the pipeline's serve as well */
    seen.fail_at = -1;
    ck_assert_int_eq(sluice_train(set.pipe, &config, NULL, &why), SLUICE_OK);
    teardown();
}
END_TEST

/* Twice too large weights and a learning rate of 1: each step is worse. */
static void diverge(void)
{
    const float two = 2;
    setup(sluice_mean_squared_error());
    sluice_pipeline_set_parameter(set.pipe, "0.weight", &two, 1, NULL);
}

START_TEST(a_loss_that_is_not_finite_ends_training_in_its_step)
{
    sluice_diag why;
    sluice_progress last = {.epoch = -1};
    char want[64];
    diverge();
    sluice_train_config config = two_epochs();
    config.epochs = SEEN / 8;
    ck_assert_int_eq(sluice_train(set.pipe, &config, &last, &why),
                     SLUICE_NOT_FINITE);
    ck_assert_int_eq(why.status, SLUICE_NOT_FINITE);
    ck_assert_int_eq(last.epoch, -1);
    uint64_t n_steps = sluice_pipeline_n_steps(set.pipe);
    snprintf(want, sizeof want, "epoch %d, step %d: the loss",
             1 + (int)n_steps / 4, (int)n_steps + 1);
    ck_assert_msg(strstr(why.text, want), "%s", why.text);
    ck_assert_str_ne(why.action, "");
    for (int i = 0; i < set.n_told; i++)
        ck_assert(isfinite(set.told[i].loss));
    ck_assert_int_eq(sluice_train(set.pipe, &config, NULL, NULL),
                     SLUICE_NOT_FINITE);
    teardown();
}
END_TEST

START_TEST(a_test_loss_that_is_not_finite_ends_training)
{
    const float most = FLT_MAX;
    sluice_diag why;
    diverge();
    sluice_pipeline_set_learning_rate(set.pipe, 0);
    sluice_train_config config = two_epochs();
    sluice_dataset *none = make_zeros(ROWS);
    config.train = none;
    config.test = set.test;
    sluice_pipeline_set_parameter(set.pipe, "0.weight", &most, 1, NULL);
    sluice_pipeline_set_parameter(set.pipe, "1.weight", &most, 1, NULL);
    ck_assert_int_eq(sluice_train(set.pipe, &config, NULL, &why),
                     SLUICE_NOT_FINITE);
    ck_assert_msg(strstr(why.text, "epoch 1, after step 4: the loss of the "
                                   "test data is infinity"),
                  "%s", why.text);
    sluice_dataset_destroy(none);
    teardown();
}
END_TEST

START_TEST(any_failed_allocation_is_a_status)
{
    struct sl_test_allocator allocator;
    sluice_status st;
    long at = 0;
    setup(&seeing);
    sl_test_allocator_init(&allocator);
    sluice_train_config config = two_epochs();
    config.allocator = &allocator.hooks;
    do {
        set.n_told = 0;
        sl_test_allocator_arm(&allocator, ++at, false);
        st = sluice_train(set.pipe, &config, NULL, NULL);
        ck_assert_int_eq(st, sl_test_allocator_failed(&allocator)
                                 ? SLUICE_NO_MEMORY
                                 : SLUICE_OK);
        ck_assert_int_eq(allocator.n_live, 0);
        ck_assert_int_eq(allocator.n_wrong, 0);
    } while (st);
    ck_assert_int_eq(at, 4); /* order, x, targets; then none is left */
    teardown();
}
END_TEST

SLUICE_TEST_MAIN("train.train", each_epoch_sees_each_row_once,
                 the_order_is_of_seed_and_epoch,
                 in_order_takes_the_rows_as_they_are,
                 the_partial_batch_is_a_step_of_its_own,
                 metrics_weigh_each_row_alike,
                 the_target_accuracy_ends_training, on_progress_ends_training,
                 numbers_out_of_range_are_refused,
                 data_that_do_not_fit_are_refused,
                 targets_that_do_not_fit_are_refused,
                 a_target_that_nothing_can_reach_is_refused,
                 the_error_of_a_step_ends_training,
                 a_loss_that_is_not_finite_ends_training_in_its_step,
                 a_test_loss_that_is_not_finite_ends_training,
                 any_failed_allocation_is_a_status)

/*
 * Means over an epoch where some terms do not count.  The learning rate is 0,
 * so an epoch's means are those of an evaluation of all rows at once.
 */
#include <sluice/train.h>

#include "support/runner.h"

enum { ROWS = 11, POSITIONS = 3, CLASSES = 4, BATCH = 4, N = ROWS * POSITIONS };

static sluice_model *model;
static sluice_pipeline *pipe;
static sluice_dataset *data;
static int32_t tokens[N], labels[N];

/* Row 5 counts nothing, nor does a whole batch, rows 8 to 10, if `last`. */
static void setup(bool last)
{
    static const sluice_dataset_config negative = {.negative = true};
    const sluice_sgd_config sgd = {.learning_rate = 1};
    const sluice_shape shape = sluice_shape_matrix(ROWS, POSITIONS);
    const sluice_pipeline_config config = {
        .schedule = {.devices = 2, .microbatches = 2},
        .batch = BATCH,
        .loss = sluice_cross_entropy(),
        .optimizer = sluice_sgd(),
        .optimizer_config = &sgd,
        .seed = 3,
    };
    sluice_array x, y;
    ck_assert(!sluice_model_parse("input(3, int32); embedding(5, width=4); "
                                  "activate(tanh)",
                                  NULL, &model, NULL));
    ck_assert(!sluice_pipeline_create(&config, model, &pipe, NULL));
    ck_assert(!sluice_pipeline_set_learning_rate(pipe, 0));
    sluice_array_init(&x, SLUICE_I32, &shape, NULL, NULL);
    sluice_array_init(&y, SLUICE_I32, &shape, NULL, NULL);
    for (int i = 0; i < N; i++) {
        int row = i / POSITIONS;
        bool counts = i % 4 != 1 && row != 5 && !(last && row >= 8);
        tokens[i] = ((int32_t *)x.data)[i] = i * i % 5;
        labels[i] = ((int32_t *)y.data)[i] = counts ? i * 3 % CLASSES : -100;
    }
    ck_assert(!sluice_dataset_create(&negative, &x, &y, &data, NULL));
}

static void teardown(void)
{
    sluice_dataset_destroy(data);
    sluice_pipeline_destroy(pipe);
    sluice_model_destroy(model);
}

static bool stop_after_a_step(void *context, const sluice_progress *progress)
{
    *(sluice_position *)context = progress->position;
    return false;
}

static sluice_train_config configure(void)
{
    return (sluice_train_config){
        .epochs = 1, .batch = BATCH, .train = data, .test = data};
}

static void check(const sluice_progress *p)
{
    sluice_result all;
    ck_assert(
        !sluice_pipeline_evaluate(pipe, tokens, labels, ROWS, &all, NULL));
    double accuracy = (double)all.correct / (double)all.terms;
    ck_assert_int_lt(all.terms, N);
    ck_assert_double_eq_tol(p->loss, all.loss, 1e-12);
    ck_assert_double_eq_tol(p->test_loss, all.loss, 1e-12);
    ck_assert_double_eq(p->accuracy, accuracy);
    ck_assert_double_eq(p->test_accuracy, accuracy);
}

START_TEST(means_are_over_the_terms_that_count)
{
    for (int last = 0; last < 2; last++) {
        sluice_progress progress;
        setup(last);
        sluice_train_config config = configure();
        ck_assert(!sluice_train(pipe, &config, &progress, NULL));
        check(&progress);
        teardown();
    }
}
END_TEST

START_TEST(a_training_that_goes_on_knows_which_terms_did_not_count)
{
    sluice_progress progress;
    sluice_position position;
    setup(false);
    sluice_train_config config = configure();
    config.on_progress = stop_after_a_step;
    config.context = &position;
    ck_assert(!sluice_train(pipe, &config, NULL, NULL));
    ck_assert_int_eq(position.rows_done, BATCH);
    ck_assert_int_gt(position.ignored, 0);
    config.on_progress = NULL;
    config.start = position;
    ck_assert(!sluice_train(pipe, &config, &progress, NULL));
    check(&progress);
    config.start.ignored = -1;
    ck_assert_int_eq(sluice_train(pipe, &config, NULL, NULL), SLUICE_INVALID);
    teardown();
}
END_TEST

START_TEST(an_epoch_of_which_nothing_counts_has_a_loss_of_zero)
{
    sluice_progress progress;
    setup(false);
    const sluice_dataset_config negative = {.negative = true};
    const sluice_shape shape = sluice_shape_matrix(ROWS, POSITIONS);
    sluice_array x, y;
    sluice_array_init(&x, SLUICE_I32, &shape, NULL, NULL);
    sluice_array_init(&y, SLUICE_I32, &shape, NULL, NULL);
    for (int i = 0; i < N; i++)
        ((int32_t *)y.data)[i] = -100;
    sluice_dataset_destroy(data);
    ck_assert(!sluice_dataset_create(&negative, &x, &y, &data, NULL));
    sluice_train_config config = configure();
    ck_assert(!sluice_train(pipe, &config, &progress, NULL));
    ck_assert(progress.loss == 0 && progress.accuracy == 0);
    ck_assert(progress.test_loss == 0 && progress.test_accuracy == 0);
    teardown();
}
END_TEST

SLUICE_TEST_MAIN("train.ignored", means_are_over_the_terms_that_count,
                 a_training_that_goes_on_knows_which_terms_did_not_count,
                 an_epoch_of_which_nothing_counts_has_a_loss_of_zero)

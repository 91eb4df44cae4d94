/*
 * Going on from a position.  The learning rate is 0, so a step's loss tells
 * which rows it had.
 */
#include <sluice/train.h>

#include <string.h>

#include "support/runner.h"

enum { ROWS = 13, TEST_ROWS = 5, BATCH = 4, EPOCHS = 3, REPORTS = EPOCHS * 5 };

/* What on_progress was told. */
struct told {
    sluice_progress all[REPORTS];
    int n;
    int stop_after; /* reports; 0: never */
};

static sluice_model *model;
static sluice_pipeline *pipe;
static sluice_dataset *data, *test_data;

static sluice_dataset *make_data(int rows)
{
    sluice_array x, y;
    const sluice_shape shape = sluice_shape_matrix(rows, 1);
    sluice_dataset *made = NULL;
    sluice_array_init(&x, SLUICE_F32, &shape, NULL, NULL);
    sluice_array_init(&y, SLUICE_F32, &shape, NULL, NULL);
    for (int i = 0; i < rows; i++) {
        ((float *)x.data)[i] = (float)i;
        ((float *)y.data)[i] = (float)(i * i);
    }
    ck_assert_int_eq(sluice_dataset_create(NULL, &x, &y, &made, NULL),
                     SLUICE_OK);
    return made;
}

static void setup(void)
{
    const sluice_sgd_config sgd = {.learning_rate = 1};
    const sluice_pipeline_config config = {
        .schedule = {.devices = 2, .microbatches = 2},
        .batch = BATCH,
        .loss = sluice_mean_squared_error(),
        .optimizer = sluice_sgd(),
        .optimizer_config = &sgd,
    };
    ck_assert_int_eq(sluice_model_parse("1-2-1", NULL, &model, NULL),
                     SLUICE_OK);
    ck_assert_int_eq(sluice_pipeline_create(&config, model, &pipe, NULL),
                     SLUICE_OK);
    ck_assert_int_eq(sluice_pipeline_set_learning_rate(pipe, 0), SLUICE_OK);
    data = make_data(ROWS);
    test_data = make_data(TEST_ROWS);
}

static void teardown(void)
{
    sluice_dataset_destroy(test_data);
    sluice_dataset_destroy(data);
    sluice_pipeline_destroy(pipe);
    sluice_model_destroy(model);
}

static bool on_progress(void *context, const sluice_progress *progress)
{
    struct told *told = context;
    ck_assert_int_lt(told->n, REPORTS);
    told->all[told->n++] = *progress;
    return told->n != told->stop_after;
}

static sluice_diag why;

static sluice_status train(struct told *told, sluice_position start,
                           sluice_progress *last)
{
    const sluice_train_config config = {
        .epochs = EPOCHS,
        .batch = BATCH,
        .seed = 7,
        .start = start,
        .train = data,
        .test = test_data,
        .on_progress = on_progress,
        .context = told,
    };
    return sluice_train(pipe, &config, last, &why);
}

static void check_same(const sluice_progress *is, const sluice_progress *was)
{
    ck_assert_int_eq(is->epoch_end, was->epoch_end);
    ck_assert_int_eq(is->epoch, was->epoch);
    ck_assert_int_eq(is->rows_done, was->rows_done);
    if (!was->epoch_end)
        ck_assert_double_eq(is->step_loss, was->step_loss);
    ck_assert_double_eq(is->loss, was->loss);
    ck_assert_double_eq(is->accuracy, was->accuracy);
    ck_assert_double_eq(is->test_loss, was->test_loss);
    ck_assert(!memcmp(&is->position, &was->position, sizeof is->position));
}

START_TEST(from_every_position_the_rest_comes_as_it_came)
{
    static struct told whole, rest;
    setup();
    whole = (struct told){.n = 0};
    ck_assert_int_eq(train(&whole, (sluice_position){0}, NULL), SLUICE_OK);
    ck_assert_int_eq(whole.n, REPORTS);
    for (int i = 0; i < REPORTS; i++) {
        rest = (struct told){.n = 0};
        ck_assert_int_eq(train(&rest, whole.all[i].position, NULL), SLUICE_OK);
        ck_assert_int_eq(rest.n, REPORTS - 1 - i);
        for (int k = 0; k < rest.n; k++)
            check_same(&rest.all[k], &whole.all[i + 1 + k]);
    }
    teardown();
}
END_TEST

START_TEST(a_training_that_is_stopped_tells_where_it_stands)
{
    static struct told told;
    setup();
    for (int i = 1; i <= REPORTS; i++) {
        sluice_progress last;
        told = (struct told){.stop_after = i};
        ck_assert_int_eq(train(&told, (sluice_position){0}, &last), SLUICE_OK);
        ck_assert(!memcmp(&last.position, &told.all[i - 1].position,
                          sizeof last.position));
    }
    teardown();
}
END_TEST

START_TEST(behind_the_last_epoch_there_is_nothing_to_do)
{
    static struct told told;
    sluice_progress last;
    setup();
    told.n = 0;
    ck_assert_int_eq(
        train(&told, (sluice_position){.epoch = EPOCHS + 1}, &last), SLUICE_OK);
    ck_assert_int_eq(told.n, 0);
    ck_assert_int_eq(last.position.epoch, EPOCHS + 1);
    teardown();
}
END_TEST

START_TEST(a_start_that_cannot_be_is_refused)
{
    static const sluice_position starts[] = {
        {-1, 0, 0, 0}, {1, -1, 0, 0}, {1, ROWS + 1, 0, 0}, {1, 0, 0, -1}};
    static struct told told;
    setup();
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(train(&told, starts[i], NULL), SLUICE_INVALID);
        ck_assert_msg(strstr(why.text, " rows done; an epoch has "), "%s",
                      why.text);
    }
    ck_assert_int_eq(told.n, 0);
    teardown();
}
END_TEST

SLUICE_TEST_MAIN("train.position",
                 from_every_position_the_rest_comes_as_it_came,
                 a_training_that_is_stopped_tells_where_it_stands,
                 behind_the_last_epoch_there_is_nothing_to_do,
                 a_start_that_cannot_be_is_refused)

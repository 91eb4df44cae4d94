/* Early stopping: when a training ends, and with which parameters. */
#include "bench/train/patience.h"

#include <stdlib.h>
#include <unistd.h>

#include <sluice/checkpoint.h>
#include <sluice/loss.h>
#include <sluice/optimizer.h>

#include "support/runner.h"

static struct {
    sluice_model *model;
    sluice_pipeline *pipe;
    struct patience patience;
} set;

static void enter(int epochs)
{
    static const sluice_sgd_config sgd = {.learning_rate = 0.1};
    const sluice_pipeline_config config = {
        .batch = 1,
        .loss = sluice_mean_squared_error(),
        .optimizer = sluice_sgd(),
        .optimizer_config = &sgd,
    };
    ck_assert_int_eq(sluice_model_parse("1-1", NULL, &set.model, NULL),
                     SLUICE_OK);
    ck_assert_int_eq(
        sluice_pipeline_create(&config, set.model, &set.pipe, NULL), SLUICE_OK);
    ck_assert_int_eq(
        patience_init(&set.patience, epochs, set.model, set.pipe, NULL, NULL),
        SLUICE_OK);
}

static void leave(void)
{
    patience_fini(&set.patience);
    sluice_pipeline_destroy(set.pipe);
    sluice_model_destroy(set.model);
}

static void set_weight(float value)
{
    ck_assert_int_eq(
        sluice_pipeline_set_parameter(set.pipe, "0.weight", &value, 1, NULL),
        SLUICE_OK);
}

static float weight(void)
{
    float value;
    ck_assert_int_eq(
        sluice_pipeline_get_parameter(set.pipe, "0.weight", &value, 1, NULL),
        SLUICE_OK);
    return value;
}

/* An epoch that ends with this weight and test; whether training goes on. */
static bool end_epoch(int epoch, float value, double accuracy, double loss)
{
    const sluice_progress progress = {
        .epoch_end = true,
        .epoch = epoch,
        .test_accuracy = accuracy,
        .test_loss = loss,
    };
    set_weight(value);
    return patience_epoch(&set.patience, set.pipe, &progress);
}

START_TEST(so_many_epochs_without_a_better_one_end_the_training)
{
    enter(2);
    ck_assert(end_epoch(1, 1, 0.5, 9));
    ck_assert(end_epoch(2, 2, 0.4, 1)); /* one worse */
    ck_assert(end_epoch(3, 3, 0.6, 9)); /* better: counted anew */
    ck_assert(end_epoch(4, 4, 0.6, 9)); /* equal is not better */
    ck_assert(!end_epoch(5, 5, 0.5, 1));
    ck_assert_int_eq(set.patience.best_epoch, 3);
    leave();
}
END_TEST

START_TEST(the_loss_decides_where_accuracies_are_equal)
{
    enter(1);
    ck_assert(end_epoch(1, 1, 0, 3));
    ck_assert(end_epoch(2, 2, 0, 2));
    ck_assert(!end_epoch(3, 3, 0, 2.5));
    ck_assert_int_eq(set.patience.best_epoch, 2);
    leave();
}
END_TEST

START_TEST(the_best_parameters_come_back)
{
    enter(2);
    end_epoch(1, 1, 0.5, 9);
    end_epoch(2, 2, 0.7, 9);
    end_epoch(3, 3, 0.6, 9);
    ck_assert_int_eq(patience_restore(&set.patience, set.pipe, NULL),
                     SLUICE_OK);
    ck_assert_float_eq(weight(), 2);
    leave();
}
END_TEST

START_TEST(without_patience_nothing_is_kept_and_nothing_ends)
{
    enter(0);
    ck_assert(end_epoch(1, 1, 0.5, 1));
    ck_assert(end_epoch(2, 2, 0.4, 2));
    ck_assert_int_eq(patience_restore(&set.patience, set.pipe, NULL),
                     SLUICE_OK);
    ck_assert_float_eq(weight(), 2);
    leave();
}
END_TEST

/* The checkpoint of the best epoch of an earlier run, of weight 7. */
static void resume(int best_epoch, int epochs_done, const char *path)
{
    const struct patience_past past = {
        .path = path,
        .best_epoch = best_epoch,
        .epochs_done = epochs_done,
        .loss = 2,
        .accuracy = 0.5,
    };
    set_weight(7);
    ck_assert_int_eq(sluice_checkpoint_save(set.pipe, NULL, path, NULL),
                     SLUICE_OK);
    set_weight(1);
    ck_assert_int_eq(patience_resume(&set.patience, &past, NULL), SLUICE_OK);
}

START_TEST(a_training_that_goes_on_counts_on_and_has_the_best_of_before)
{
    char path[] = "/tmp/sluice-patience-XXXXXX";
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
    enter(3);
    resume(2, 3, path); /* one epoch is behind the best */
    ck_assert(!patience_is_over(&set.patience));
    ck_assert(end_epoch(4, 3, 0.4, 1));
    ck_assert(!end_epoch(5, 4, 0.4, 1));
    ck_assert_int_eq(patience_restore(&set.patience, set.pipe, NULL),
                     SLUICE_OK);
    ck_assert_float_eq(weight(), 7);
    leave();
    enter(1);
    resume(2, 3, path);
    ck_assert(patience_is_over(&set.patience)); /* it had ended */
    leave();
    enter(1);
    resume(2, 1, path); /* the best epoch has no other checkpoint: once more */
    ck_assert(end_epoch(2, 5, 0.5, 2));
    ck_assert_int_eq(set.patience.since, 0);
    leave();
    unlink(path);
}
END_TEST

SLUICE_TEST_MAIN("bench.patience",
                 so_many_epochs_without_a_better_one_end_the_training,
                 the_loss_decides_where_accuracies_are_equal,
                 the_best_parameters_come_back,
                 without_patience_nothing_is_kept_and_nothing_ends,
                 a_training_that_goes_on_counts_on_and_has_the_best_of_before)

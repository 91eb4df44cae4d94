/* Checkpoints as files: what they keep, and what they refuse. */
#include <sluice/checkpoint.h>
#include <sluice/pipeline_state.h>

#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include "damage.h"
#include "pipeline/pipeline.h"
#include "saved.h"
#include "support/runner.h"

enum { N_BITS = 10000 };

START_TEST(a_run_is_kept_to_the_last_bit)
{
    struct saved f;
    const sluice_run saved = {
        .model = "a \"model\"\nof two lines",
        .n_rows = 12,
        .batch = 4,
        .shuffles = true,
        .shuffle_seed = UINT64_MAX,
        .rate = "3 epochs, cosine",
        .position = {3, 8, 1.0 / 3, 5, 7},
        .was_tested = true,
        .test_loss = 0.1,
        .test_accuracy = 1e-300,
    };
    sluice_run loaded = saved;
    uint64_t n_steps = 0;
    int n_differences = -1;
    saved_begin(&f, NULL);
    sluice_pipeline_set_n_steps(f.pipe, UINT64_MAX);
    ck_assert_int_eq(sluice_checkpoint_save(f.pipe, &saved, saved_path, NULL),
                     SLUICE_OK);
    loaded.position = (sluice_position){0};
    loaded.was_tested = false;
    loaded.test_loss = loaded.test_accuracy = 0;
    sluice_pipeline_set_n_steps(f.pipe, 0);
    ck_assert_int_eq(sluice_checkpoint_load(f.pipe, saved_path, &loaded,
                                            &n_differences, NULL),
                     SLUICE_OK);
    ck_assert_int_eq(n_differences, 0);
    ck_assert_uint_eq(sluice_pipeline_n_steps(f.pipe), UINT64_MAX);
    ck_assert_int_eq(loaded.position.epoch, 3);
    ck_assert_int_eq(loaded.position.rows_done, 8);
    ck_assert_double_eq(loaded.position.loss_sum, 1.0 / 3);
    ck_assert(loaded.position.correct == 5 && loaded.position.ignored == 7);
    ck_assert(loaded.was_tested);
    ck_assert_double_eq(loaded.test_loss, 0.1);
    ck_assert_double_eq(loaded.test_accuracy, 1e-300);
    loaded = (sluice_run){.n_rows = 13,
                          .batch = 2,
                          .model = "another",
                          .rate = "4 epochs, cosine"};
    ck_assert_int_eq(sluice_checkpoint_load(f.pipe, saved_path, &loaded,
                                            &n_differences, NULL),
                     SLUICE_OK);
    ck_assert_int_eq(n_differences, 5); /* these four, and the shuffling */
    ck_assert_int_eq(
        sluice_checkpoint_inspect(saved_path, &loaded, &n_steps, NULL, NULL),
        SLUICE_OK);
    ck_assert_uint_eq(n_steps, UINT64_MAX);
    loaded.position = (sluice_position){0};
    ck_assert(
        !sluice_checkpoint_inspect(saved_path, &loaded, &n_steps, NULL, NULL));
    ck_assert_int_eq(loaded.position.epoch, 3);
    ck_assert_int_eq(
        sluice_checkpoint_inspect("/nowhere", &loaded, &n_steps, NULL, NULL),
        SLUICE_IO);
    saved_end(&f);
}
END_TEST

START_TEST(the_learning_rate_goes_on)
{
    struct saved f;
    struct saved_content slow, again;
    saved_begin(&f, NULL);
    sluice_pipeline_set_learning_rate(f.pipe, 0.001);
    ck_assert_int_eq(sluice_checkpoint_save(f.pipe, NULL, saved_path, NULL),
                     SLUICE_OK);
    saved_step(&f);
    saved_get(&f, &slow);
    sluice_pipeline_set_learning_rate(f.pipe, 0.5);
    ck_assert_int_eq(
        sluice_checkpoint_load(f.pipe, saved_path, NULL, NULL, NULL),
        SLUICE_OK);
    saved_step(&f);
    saved_get(&f, &again);
    ck_assert(saved_is_same(&slow, &again));
    saved_end(&f);
}
END_TEST

START_TEST(weights_are_loaded_from_a_checkpoint_too)
{
    struct saved f;
    struct saved_content saved, loaded;
    saved_begin(&f, NULL);
    saved_step(&f);
    saved_get(&f, &saved);
    ck_assert_int_eq(sluice_checkpoint_save(f.pipe, NULL, saved_path, NULL),
                     SLUICE_OK);
    sluice_pipeline_set_tensor(f.pipe, "0.bias", (float[6]){0}, 6, NULL);
    ck_assert_int_eq(sluice_pipeline_load_weights(f.pipe, f.problem.model,
                                                  saved_path, NULL, NULL),
                     SLUICE_OK);
    saved_get(&f, &loaded);
    ck_assert(saved_is_same(&saved, &loaded));
    saved_end(&f);
}
END_TEST

static void assert_refused(struct saved *f, sluice_status status,
                           const char *text)
{
    struct saved_content before, after;
    sluice_diag why;
    saved_get(f, &before);
    ck_assert_int_eq(
        sluice_checkpoint_load(f->pipe, saved_path, NULL, NULL, &why), status);
    ck_assert_msg(strstr(why.text, text), "%s", why.text);
    saved_get(f, &after);
    ck_assert(saved_is_same(&before, &after));
}

START_TEST(what_is_no_checkpoint_of_this_pipeline_is_refused)
{
    struct saved f, other;
    saved_begin(&f, NULL);
    assert_refused(&f, SLUICE_IO, saved_path);
    ck_assert_int_eq(sluice_pipeline_save_weights(f.pipe, saved_path, NULL),
                     SLUICE_OK);
    assert_refused(&f, SLUICE_FORMAT, "not a checkpoint");
    ck_assert_int_eq(sluice_checkpoint_save(f.pipe, NULL, saved_path, NULL),
                     SLUICE_OK);
    char kept[sizeof saved_path];
    memcpy(kept, saved_path, sizeof saved_path);
    char kept_dir[sizeof saved_dir];
    memcpy(kept_dir, saved_dir, sizeof saved_dir);
    saved_begin(&other, NULL);
    sluice_pipeline_destroy(other.pipe);
    other.problem.sgd.momentum = 0;
    ck_assert_int_eq(sluice_pipeline_create(&other.problem.config,
                                            other.problem.model, &other.pipe,
                                            NULL),
                     SLUICE_OK);
    sluice_diag why;
    ck_assert_int_eq(sluice_checkpoint_load(other.pipe, kept, NULL, NULL, &why),
                     SLUICE_NOT_FOUND);
    ck_assert_msg(strstr(why.text, "which the optimizer, sgd, does not keep"),
                  "%s", why.text);
    ck_assert_int_eq(sluice_checkpoint_save(other.pipe, NULL, saved_path, NULL),
                     SLUICE_OK);
    ck_assert_int_eq(
        sluice_checkpoint_load(f.pipe, saved_path, NULL, NULL, &why),
        SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, "no tensor \"state0.0.weight\""), "%s",
                  why.text);
    saved_end(&other);
    memcpy(saved_path, kept, sizeof saved_path);
    memcpy(saved_dir, kept_dir, sizeof saved_dir);
    saved_end(&f);
}
END_TEST

START_TEST(parameters_that_are_not_finite_are_not_saved)
{
    struct saved f;
    struct saved_content before, after;
    sluice_diag why;
    saved_begin(&f, NULL);
    saved_get(&f, &before);
    ck_assert_int_eq(sluice_checkpoint_save(f.pipe, NULL, saved_path, NULL),
                     SLUICE_OK);
    f.problem.x[0] = NAN;
    saved_step(&f);
    ck_assert_int_eq(sluice_checkpoint_save(f.pipe, NULL, saved_path, &why),
                     SLUICE_NOT_FINITE);
    ck_assert_int_eq(sluice_pipeline_save_weights(f.pipe, saved_path, NULL),
                     SLUICE_NOT_FINITE);
    ck_assert_int_eq(
        sluice_checkpoint_load(f.pipe, saved_path, NULL, NULL, NULL),
        SLUICE_OK);
    saved_get(&f, &after);
    ck_assert(saved_is_same(&before, &after));
    saved_end(&f);
}
END_TEST

START_TEST(tensors_have_names_and_sizes)
{
    struct saved f;
    sluice_diag why;
    float value[64] = {1};
    saved_begin(&f, NULL);
    ck_assert_int_eq(
        sluice_pipeline_get_tensor(f.pipe, "state1.0.bias", value, 6, &why),
        SLUICE_NOT_FOUND);
    ck_assert(strstr(why.text, "keeps 1 states"));
    ck_assert_int_eq(
        sluice_pipeline_get_tensor(f.pipe, "state0.9.bias", value, 6, NULL),
        SLUICE_NOT_FOUND);
    ck_assert_int_eq(
        sluice_pipeline_set_tensor(f.pipe, "state0.0.bias", value, 5, NULL),
        SLUICE_INVALID);
    value[0] = INFINITY;
    ck_assert_int_eq(
        sluice_pipeline_set_tensor(f.pipe, "0.bias", value, 6, NULL),
        SLUICE_NOT_FINITE);
    sluice_pipeline_set_tensor(f.pipe, "state0.0.bias", value, 6, NULL);
    value[0] = 0;
    sluice_pipeline_get_tensor(f.pipe, "state0.0.bias", value, 6, NULL);
    ck_assert(isinf(value[0]));
    saved_end(&f);
}
END_TEST

static bool is_refused(void *context)
{
    struct saved *f = context;
    sluice_diag why = {.status = SLUICE_OK};
    sluice_status st =
        sluice_checkpoint_load(f->pipe, saved_path, NULL, NULL, &why);
    return st && strstr(why.text, saved_path);
}

START_TEST(every_damage_is_refused_with_the_file_and_changes_nothing)
{
    struct saved f;
    struct saved_content before, after;
    long n;
    saved_begin(&f, NULL);
    ck_assert_int_eq(sluice_checkpoint_save(f.pipe, NULL, saved_path, NULL),
                     SLUICE_OK);
    saved_step(&f);
    saved_get(&f, &before);
    ck_assert_int_eq(sl_test_damage(saved_path, N_BITS, is_refused, &f, &n), 0);
    ck_assert_int_gt(n, 15000);
    saved_get(&f, &after);
    ck_assert(saved_is_same(&before, &after));
    ck_assert(!is_refused(&f)); /* it is sound again */
    saved_end(&f);
}
END_TEST

START_TEST(what_is_not_known_on_one_side_is_no_difference)
{
    const sluice_run known = {
        .model = "a model", .rate = "a rate", .tokenizer = "a tokenizer"};
    for (int saves_it = 0; saves_it < 2; saves_it++) {
        struct saved f;
        sluice_run run = known;
        int n_differences = -1;
        saved_begin(&f, NULL);
        ck_assert(!sluice_checkpoint_save(f.pipe, saves_it ? &run : NULL,
                                          saved_path, NULL));
        ck_assert(!sluice_checkpoint_load(
            f.pipe, saved_path, saves_it ? NULL : &run, &n_differences, NULL));
        ck_assert_int_eq(n_differences, 0);
        saved_end(&f);
    }
}
END_TEST

/* What an optimizer keeps is its own affair. */
START_TEST(states_that_are_not_finite_are_kept_as_they_are)
{
    struct saved f;
    struct saved_content before, after;
    sluice_state_tensor at = {.state = 0};
    saved_begin(&f, NULL);
    saved_step(&f);
    while (sluice_pipeline_next_tensor(f.pipe, &at))
        if (at.state == 0) {
            float values[MAX_FLOATS] = {INFINITY, NAN};
            ck_assert(!sluice_pipeline_set_tensor(f.pipe, at.name, values,
                                                  at.parameter.n, NULL));
        }
    ck_assert(!sluice_checkpoint_save(f.pipe, NULL, saved_path, NULL));
    saved_get(&f, &before);
    saved_step(&f);
    ck_assert(!sluice_checkpoint_load(f.pipe, saved_path, NULL, NULL, NULL));
    saved_get(&f, &after);
    ck_assert(saved_is_same(&before, &after));
    saved_end(&f);
}
END_TEST

/* Such as only a fault of the library could save. */
START_TEST(a_learning_rate_by_which_no_step_can_be_made_is_refused)
{
    static const double bad[] = {-1, NAN, INFINITY};
    for (int i = 0; i < 3; i++) {
        struct saved f;
        sluice_diag why = {.text = ""};
        saved_begin(&f, NULL);
        f.pipe->learning_rate = bad[i];
        ck_assert(!sluice_checkpoint_save(f.pipe, NULL, saved_path, NULL));
        ck_assert_int_eq(
            sluice_checkpoint_load(f.pipe, saved_path, NULL, NULL, &why),
            SLUICE_FORMAT);
        ck_assert_msg(strstr(why.text, "learning rate") &&
                          strstr(why.text, saved_path),
                      "%s", why.text);
        saved_end(&f);
    }
}
END_TEST

SLUICE_TEST_MAIN("checkpoint.checkpoint", a_run_is_kept_to_the_last_bit,
                 the_learning_rate_goes_on,
                 weights_are_loaded_from_a_checkpoint_too,
                 what_is_no_checkpoint_of_this_pipeline_is_refused,
                 parameters_that_are_not_finite_are_not_saved,
                 tensors_have_names_and_sizes,
                 what_is_not_known_on_one_side_is_no_difference,
                 states_that_are_not_finite_are_kept_as_they_are,
                 a_learning_rate_by_which_no_step_can_be_made_is_refused,
                 every_damage_is_refused_with_the_file_and_changes_nothing)

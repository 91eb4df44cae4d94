/* A directory of checkpoints: which files are ours, which stay, which one a
 * training goes on from. */
#include "bench/train/keep/keeping.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sluice/pipeline_state.h>

#include "bench/train/keep/checkpoint_files.h"
#include "support/runner.h"

enum { ROWS = 4, PATH = 128 };

static char dir[64];

static struct {
    sluice_model *model;
    sluice_pipeline *pipe;
    struct keeping_config config;
    struct keeping keeping;
    bool settles; /* each save before the next step */
} set;

static void enter(void)
{
    static const sluice_sgd_config sgd = {.learning_rate = 0.1};
    strcpy(dir, "/tmp/sluice-keeping-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    const sluice_pipeline_config config = {
        .schedule = {.devices = 1, .microbatches = 1},
        .batch = ROWS,
        .loss = sluice_mean_squared_error(),
        .optimizer = sluice_sgd(),
        .optimizer_config = &sgd,
    };
    memset(&set, 0, sizeof set);
    ck_assert_int_eq(sluice_model_parse("1-1", NULL, &set.model, NULL),
                     SLUICE_OK);
    ck_assert_int_eq(
        sluice_pipeline_create(&config, set.model, &set.pipe, NULL), SLUICE_OK);
    set.config = (struct keeping_config){.dir = dir, .keep = 3};
    set.settles = true;
}

static void leave(void)
{
    char command[PATH];
    keeping_fini(&set.keeping);
    sluice_pipeline_destroy(set.pipe);
    sluice_model_destroy(set.model);
    snprintf(command, sizeof command, "rm -r %s", dir);
    ck_assert_int_eq(system(command), 0);
}

static const char *in_dir(const char *name)
{
    static char path[PATH];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static void put(const char *name)
{
    FILE *file = fopen(in_dir(name), "w");
    ck_assert_ptr_nonnull(file);
    fputs("no checkpoint", file);
    fclose(file);
}

static bool is_there(const char *name)
{
    return !access(in_dir(name), F_OK);
}

static sluice_status begin(bool resumes, sluice_diag *why)
{
    const sluice_run run = {.n_rows = ROWS};
    set.config.resumes = resumes;
    keeping_fini(&set.keeping);
    return keeping_begin(&set.keeping, &set.config, set.pipe, NULL, &run, why);
}

/* A step, or the end of an epoch of one step with what a test found. */
static void progress(uint64_t step, bool epoch_end, double test_accuracy)
{
    const sluice_progress p = {
        .epoch_end = epoch_end,
        .step = step,
        .test_accuracy = test_accuracy,
        .position = {.epoch = (int)step},
    };
    sluice_pipeline_set_n_steps(set.pipe, step);
    keeping_progress(&set.keeping, &p, true);
    if (set.settles)
        keeping_settle(&set.keeping);
}

/* What the best checkpoint has of its run; returns the step that it is of. */
static uint64_t read_best(sluice_run *best)
{
    uint64_t n_steps = 0;
    ck_assert_int_eq(sluice_checkpoint_inspect(in_dir("best.safetensors"), best,
                                               &n_steps, NULL, NULL),
                     SLUICE_OK);
    return n_steps;
}

static void keep_the_last_ones_and_the_best(bool settles)
{
    static const double accuracies[] = {0.1, 0.5, 0.3, 0.5, 0.4, 0.2};
    sluice_run best = {.n_rows = 0};
    enter();
    set.settles = settles;
    ck_assert_int_eq(begin(false, NULL), SLUICE_OK);
    for (uint64_t step = 1; step <= 6; step++)
        progress(step, true, accuracies[step - 1]);
    ck_assert_int_eq(keeping_end(&set.keeping, NULL), SLUICE_OK);
    ck_assert(!is_there("step-000000000003.safetensors"));
    ck_assert(is_there("step-000000000004.safetensors"));
    ck_assert(is_there("step-000000000006.safetensors"));
    ck_assert_uint_eq(read_best(&best), 2);
    ck_assert_double_eq(best.test_accuracy, 0.5);
    /* One that goes on knows the best so far. */
    ck_assert_int_eq(begin(true, NULL), SLUICE_OK);
    ck_assert_uint_eq(sluice_pipeline_n_steps(set.pipe), 6);
    ck_assert_int_eq(set.keeping.run.position.epoch, 6);
    progress(7, true, 0.45);
    keeping_settle(&set.keeping);
    ck_assert_uint_eq(read_best(&best), 2);
    progress(8, true, 0.6);
    keeping_settle(&set.keeping);
    ck_assert_uint_eq(read_best(&best), 8);
    leave();
}

START_TEST(the_last_ones_and_the_best_are_kept)
{
    keep_the_last_ones_and_the_best(true);
    keep_the_last_ones_and_the_best(false);
}
END_TEST

START_TEST(so_many_steps_lie_between_two)
{
    enter();
    set.config.every_steps = 2;
    set.config.keep = 100;
    ck_assert_int_eq(begin(false, NULL), SLUICE_OK);
    for (uint64_t step = 1; step <= 5; step++)
        progress(step, false, 0);
    ck_assert(!is_there("step-000000000001.safetensors"));
    ck_assert(is_there("step-000000000002.safetensors"));
    ck_assert(!is_there("step-000000000003.safetensors"));
    ck_assert(is_there("step-000000000004.safetensors"));
    ck_assert(!is_there("step-000000000005.safetensors"));
    ck_assert_int_eq(keeping_end(&set.keeping, NULL), SLUICE_OK);
    ck_assert(is_there("step-000000000005.safetensors"));
    leave();
}
END_TEST

START_TEST(files_of_other_names_stay)
{
    static const char *const names[] = {
        "step-1.safetensors",
        "step-0000000000001.safetensors",
        "step-00000000000x.safetensors",
        "step-000000000001.safetensors.old",
        "notes",
        "step-999999999999.safetensors",
    };
    enter();
    for (int i = 0; i < 6; i++)
        put(names[i]);
    ck_assert_int_eq(checkpoint_prune(dir, 1000, 1, NULL), SLUICE_OK);
    for (int i = 0; i < 6; i++)
        ck_assert_msg(is_there(names[i]), "%s", names[i]);
    leave();
}
END_TEST

START_TEST(what_is_there_is_gone_on_from_or_refused)
{
    sluice_diag why;
    enter();
    ck_assert_int_eq(begin(true, NULL),
                     SLUICE_OK); /* nothing: from the start */
    ck_assert_uint_eq(sluice_pipeline_n_steps(set.pipe), 0);
    progress(5, true, 0);
    ck_assert_int_eq(begin(false, &why), SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, "has a checkpoint of step 5; go on from it "
                                   "with --resume"),
                  "%s", why.text);
    leave();
}
END_TEST

START_TEST(a_damaged_one_is_passed_over_and_if_all_are_it_is_an_error)
{
    sluice_diag why;
    enter();
    ck_assert_int_eq(begin(false, NULL), SLUICE_OK);
    progress(5, true, 0.5);
    put("step-000000000007.safetensors");
    put("best.safetensors");
    ck_assert_int_eq(begin(true, &why), SLUICE_OK);
    ck_assert_uint_eq(sluice_pipeline_n_steps(set.pipe), 5);
    ck_assert(!set.keeping.has_best);
    put("step-000000000005.safetensors");
    ck_assert_int_eq(begin(true, &why), SLUICE_FORMAT);
    ck_assert_msg(strstr(why.text, "step-000000000005"), "%s", why.text);
    leave();
}
END_TEST

START_TEST(a_save_that_fails_is_tried_again_and_told_in_the_end)
{
    sluice_diag why;
    enter();
    ck_assert_int_eq(begin(false, NULL), SLUICE_OK);
    /* What has the name of the checkpoint cannot be replaced by it. */
    ck_assert_int_eq(mkdir(in_dir("step-000000000001.safetensors"), 0700), 0);
    progress(1, true, 0);
    ck_assert_int_eq(keeping_end(&set.keeping, &why), SLUICE_IO);
    ck_assert_int_eq(rmdir(in_dir("step-000000000001.safetensors")), 0);
    ck_assert_int_eq(keeping_end(&set.keeping, &why), SLUICE_OK);
    ck_assert(is_there("step-000000000001.safetensors"));
    leave();
}
END_TEST

SLUICE_TEST_MAIN("bench.keeping", the_last_ones_and_the_best_are_kept,
                 so_many_steps_lie_between_two, files_of_other_names_stay,
                 what_is_there_is_gone_on_from_or_refused,
                 a_damaged_one_is_passed_over_and_if_all_are_it_is_an_error,
                 a_save_that_fails_is_tried_again_and_told_in_the_end)

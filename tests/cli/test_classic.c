/* The classic demonstration: `sluice train` against a plain NumPy loop. */
#include "support/runner.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/classic_files.h"

enum { STEPS = 24, PATH_BYTES = 64, LINE_BYTES = 4096 };

/* The files' place, and that of the metrics among them. */
static char directory[PATH_BYTES];
static char metrics[PATH_BYTES + 16];

static void make_files(void)
{
    snprintf(directory, sizeof directory, "/tmp/sluice-classic-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(metrics, sizeof metrics, "%s/metrics", directory);
    ck_assert(classic_files_write(directory));
}

static void remove_files(void)
{
    classic_files_remove(directory);
    unlink(metrics);
    rmdir(directory);
}

/* Run the demonstration with `model`; the exit status. */
static int train(const char *model)
{
    char command[LINE_BYTES];
    snprintf(command, sizeof command,
             "cd '%s' && '%s' train --x x.npy --y y.npy --model %s"
             " --weights weights.safetensors --metrics metrics --loss mse"
             " --devices 4 --microbatches 8 --batch 32 --epochs 3 --no-shuffle"
             " --lr 0.02 --momentum 0 --quiet 2>errors",
             directory, SLUICE_TOOL, model);
    int status = system(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int read_oracle(double losses[STEPS])
{
    FILE *file = fopen(CLASSIC_LOSSES, "r");
    int n = 0;
    while (file && n < STEPS && fscanf(file, "%lf", &losses[n]) == 1)
        n++;
    if (file)
        fclose(file);
    return n;
}

/* The lines of a kind; the first STEPS of their values of `key`. */
static int read_metrics(const char *kind, const char *key, double *values)
{
    char line[LINE_BYTES];
    int n = 0;
    FILE *file = fopen(metrics, "r");
    while (file && fgets(line, sizeof line, file)) {
        json_t *object = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
        const char *has = json_string_value(json_object_get(object, "kind"));
        if (has && !strcmp(has, kind) && n < STEPS)
            values[n++] = json_number_value(json_object_get(object, key));
        json_decref(object);
    }
    if (file)
        fclose(file);
    return n;
}

static void assert_errors(const char *sentence)
{
    char path[PATH_BYTES + 16];
    char line[LINE_BYTES] = "";
    snprintf(path, sizeof path, "%s/errors", directory);
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    ck_assert_ptr_nonnull(fgets(line, sizeof line, file));
    fclose(file);
    ck_assert_msg(strstr(line, sentence), "\"%s\"", line);
}

START_TEST(losses_equal_the_numpy_loop)
{
    double want[STEPS];
    double have[STEPS] = {0};
    make_files();
    ck_assert_int_eq(train("128-256x10-10"), 0);
    ck_assert_int_eq(read_oracle(want), STEPS);
    ck_assert_int_eq(read_metrics("step", "step_loss", have), STEPS);
    for (int i = 0; i < STEPS; i++)
        ck_assert_double_le(fabs(have[i] / want[i] - 1), 1e-5);
    remove_files();
}
END_TEST

START_TEST(metrics_hold_context_epochs_and_bubble)
{
    double values[STEPS] = {0};
    make_files();
    ck_assert_int_eq(train("128-256x10-10"), 0);
    ck_assert_int_eq(read_metrics("run", "microbatches", values), 1);
    ck_assert_double_eq(values[0], 8);
    ck_assert_int_eq(read_metrics("epoch", "rows", values), 3);
    ck_assert_double_eq(values[2], CLASSIC_ROWS);
    ck_assert_int_eq(read_metrics("end", "bubble_formula", values), 1);
    ck_assert_double_eq_tol(values[0], 3.0 / 11, 1e-12);
    ck_assert_int_eq(read_metrics("end", "bubble_measured", values), 1);
    ck_assert(values[0] > 0 && values[0] < 1);
    remove_files();
}
END_TEST

START_TEST(weights_that_do_not_fit_are_refused)
{
    make_files();
    ck_assert_int_eq(train("128-256x9-255-10"), 1);
    assert_errors("tensor \"9.weight\" of the weights has shape [256, 256], "
                  "but the model wants [256, 255]");
    ck_assert_int_eq(train("128-256x10-10-10"), 1);
    assert_errors("the weights have no tensor \"11.weight\"");
    ck_assert_int_eq(train("128-256x10"), 1);
    assert_errors("10.weight");
    remove_files();
}
END_TEST

SLUICE_TEST_MAIN("cli.classic", losses_equal_the_numpy_loop,
                 metrics_hold_context_epochs_and_bubble,
                 weights_that_do_not_fit_are_refused)

/*
 * Settings that no other test brings together, as support/drawn/mixture.h draws
 * them.
 *
 * Each training is compared with the reference where that has its bits, is
 * cancelled now and then, and changes to another shape twice: by a reshape, and
 * by a checkpoint loaded into a new pipeline, which must agree.  A shape that
 * is refused must be refused by all calls alike, and is left out.
 */
#include <sluice/checkpoint.h>
#include <sluice/loss.h>
#include <sluice/optimizer.h>
#include <sluice/pipeline_state.h>
#include <sluice/reference.h>
#include <sluice/reshape.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/grid.h"
#include "support/drawn/mixture.h"
#include "support/runner.h"

enum {
    SHAPES = 3,
    STEPS = 2,
    /* with each */ POINTS = 100,
    POINTS_LONG = 4000
};

static char path[] = "/tmp/sluice-mixtures-XXXXXX";

/* The point that is under way. */
static struct sl_test_mixture drawn;
static sluice_pipeline *trained;
static sluice_reference *ref; /* NULL: none has its bits */
static sluice_diag why;

static bool one_in(size_t n)
{
    return sl_test_mixture_one_in(&drawn, n);
}

static const void *x_at(int row)
{
    return sl_test_mixture_x(&drawn, row);
}

static const void *targets_at(int row)
{
    return sl_test_mixture_targets(&drawn, row);
}

/* The reference of the pipeline as it is; NULL if there is none with its bits:
 * products of a team by OpenBLAS and a cut vocabulary add up otherwise, and a
 * cut other than the uniform one would have to be told where it matters. */
static sluice_reference *make_reference(void)
{
    const sluice_schedule *schedule = sluice_pipeline_schedule(trained);
    const char *gemm = sluice_pipeline_gemm(trained);
    sluice_pipeline_config same = drawn.config;
    sluice_reference *made;
    bool by_cut =
        drawn.config.join_weights || sluice_schedule_n_updates(schedule) > 1;
    if (drawn.config.vocabulary_parallel || (by_cut && drawn.config.cut) ||
        (drawn.config.team > 1 && strcmp(gemm, "plain") &&
         strcmp(gemm, "packed")) ||
        !sluice_reference_exists(schedule, drawn.config.join_weights))
        return NULL;
    ck_assert_msg(
        !sluice_reference_order(schedule, &same.schedule.backward_order, &why),
        "%s: %s", drawn.told, why.text);
    ck_assert_msg(!sluice_reference_create(&same, drawn.model, &made, &why),
                  "%s: %s", drawn.told, why.text);
    ck_assert_msg(!sluice_reference_follow(made, schedule, NULL,
                                           drawn.config.join_weights, &why),
                  "%s: %s", drawn.told, why.text);
    return made;
}

static void check_bytes(void)
{
    for (int d = 0; d < sluice_pipeline_n_devices(trained); d++) {
        sluice_device_info info;
        sluice_pipeline_device(trained, d, &info);
        ck_assert_msg(info.actual_bytes == info.planned.total,
                      "%s: device %d has %zu bytes of %zu", drawn.told, d,
                      info.actual_bytes, info.planned.total);
    }
}

typedef sluice_status get_tensor(const void *from, const char *name,
                                 float *values, int64_t n);

static sluice_status get_of_pipe(const void *from, const char *name,
                                 float *values, int64_t n)
{
    return sluice_pipeline_get_tensor(from, name, values, n, NULL);
}

static sluice_status get_of_reference(const void *from, const char *name,
                                      float *values, int64_t n)
{
    return sluice_reference_get_parameter(from, name, values, n, NULL);
}

/* Compare the tensors that both have. */
static void compare(const void *other, get_tensor *get)
{
    sluice_state_tensor at = {0};
    while (sluice_pipeline_next_tensor(trained, &at)) {
        int64_t n = at.parameter.n;
        float *ours = calloc((size_t)n, 2 * sizeof *ours);
        ck_assert(!get_of_pipe(trained, at.name, ours, n));
        ck_assert_msg(get(other, at.name, ours + n, n) ||
                          !memcmp(ours, ours + n, (size_t)n * sizeof *ours),
                      "%s: %s differs", drawn.told, at.name);
        free(ours);
    }
}

static void *cancel(void *unused)
{
    sluice_pipeline_cancel(trained);
    return unused;
}

/* A step that is cancelled somewhere, or not at all. */
static void step_cancelled(int row, int64_t rows)
{
    pthread_t other;
    ck_assert(!pthread_create(&other, NULL, cancel, NULL));
    sluice_status st = sluice_pipeline_step(trained, x_at(row), targets_at(row),
                                            rows, NULL, &why);
    ck_assert(!pthread_join(other, NULL));
    ck_assert_msg(!st || st == SLUICE_CANCELLED, "%s: %s", drawn.told,
                  why.text);
    if (!st && ref)
        ck_assert(!sluice_reference_step(ref, x_at(row), targets_at(row), rows,
                                         NULL, &why));
}

static void step(int row, int64_t rows)
{
    sluice_result ours, theirs;
    ck_assert_msg(!sluice_pipeline_step(trained, x_at(row), targets_at(row),
                                        rows, &ours, &why),
                  "%s: %s", drawn.told, why.text);
    if (!ref)
        return;
    ck_assert(!sluice_reference_step(ref, x_at(row), targets_at(row), rows,
                                     &theirs, &why));
    ck_assert_msg(ours.loss == theirs.loss && ours.correct == theirs.correct,
                  "%s: losses %.17g and %.17g", drawn.told, ours.loss,
                  theirs.loss);
    compare(ref, get_of_reference);
}

static void look(int64_t rows)
{
    static float ours[SL_MIXTURE_ROWS * SL_MIXTURE_OUT];
    static float theirs[SL_MIXTURE_ROWS * SL_MIXTURE_OUT];
    sluice_result a, b;
    ck_assert_msg(!sluice_pipeline_evaluate(trained, x_at(0), targets_at(0),
                                            rows, &a, &why),
                  "%s: %s", drawn.told, why.text);
    ck_assert_msg(!sluice_pipeline_infer(trained, x_at(0), rows, ours, &why),
                  "%s: %s", drawn.told, why.text);
    if (!ref)
        return;
    ck_assert(!sluice_reference_evaluate(ref, x_at(0), targets_at(0), rows, &b,
                                         &why));
    ck_assert(!sluice_reference_infer(ref, x_at(0), rows, theirs, &why));
    ck_assert_msg(a.loss == b.loss && a.correct == b.correct, "%s: evaluated",
                  drawn.told);
    ck_assert_msg(
        !memcmp(ours, theirs, (size_t)rows * drawn.out * sizeof *ours),
        "%s: inferred", drawn.told);
}

static void train(void)
{
    for (int s = 0; s < STEPS; s++) {
        int row = sl_test_mixture_draw(&drawn, 40);
        int64_t rows = sl_test_mixture_rows(&drawn);
        if (one_in(5))
            step_cancelled(row, rows);
        step(row, rows);
    }
    if (one_in(3))
        look(1 + sl_test_mixture_draw(&drawn, SL_MIXTURE_ROWS));
}

/* Let a new pipeline go on from the checkpoint beside the reshaped one. */
static void go_on_from_file(sluice_pipeline *other)
{
    sluice_run run = {0};
    int n_differences;
    ck_assert_msg(
        !sluice_checkpoint_load(other, path, &run, &n_differences, &why),
        "%s: %s", drawn.told, why.text);
    ck_assert_msg(!sluice_pipeline_step(other, x_at(0), targets_at(0),
                                        drawn.config.batch, NULL, &why),
                  "%s: %s", drawn.told, why.text);
    step(0, drawn.config.batch);
    compare(other, get_of_pipe);
    sluice_pipeline_destroy(other);
}

static void change_shape(void)
{
    sluice_pipeline_config before = drawn.config;
    sluice_pipeline *other;
    sluice_run run = {0};
    ck_assert_msg(!sluice_checkpoint_save(trained, &run, path, &why), "%s: %s",
                  drawn.told, why.text);
    sl_test_mixture_shape(&drawn);
    sluice_status made =
        sluice_pipeline_create(&drawn.config, drawn.model, &other, NULL);
    sluice_status st = sluice_pipeline_reshape(trained, &drawn.config, &why);
    ck_assert_msg(st == made, "%s: created with %d, reshaped with %d: %s",
                  drawn.told, (int)made, (int)st, st ? why.text : "");
    if (st) {
        drawn.config = before;
        return;
    }
    check_bytes();
    sluice_reference *next = ref ? make_reference() : NULL;
    if (next)
        ck_assert(!sluice_reference_continue(next, ref, &why));
    sluice_reference_destroy(ref);
    ref = next;
    go_on_from_file(other);
}

static void run_point(uint64_t i)
{
    sluice_memory_plan plans[SL_MIXTURE_DEVICES];
    drawn = (struct sl_test_mixture){.point = i};
    sl_test_mixture_init(&drawn);
    sluice_status planned =
        sluice_pipeline_plan(drawn.model, &drawn.config, plans, NULL);
    sluice_status made =
        sluice_pipeline_create(&drawn.config, drawn.model, &trained, &why);
    ck_assert_msg(planned == made, "%s: planned with %d, created with %d",
                  drawn.told, (int)planned, (int)made);
    if (!made) {
        check_bytes();
        ref = make_reference();
        for (int s = 0; s < SHAPES; s++) {
            if (s > 0)
                change_shape();
            train();
        }
        sluice_reference_destroy(ref);
        sluice_pipeline_destroy(trained);
    }
    sl_test_mixture_fini(&drawn);
}

START_TEST(any_mixture_of_settings_has_the_bits_of_the_reference)
{
    uint64_t n = sl_test_is_long() ? POINTS_LONG : POINTS;
    int file = mkstemp(path);
    ck_assert_int_ge(file, 0);
    close(file);
    for (uint64_t i = 0; i < n; i++)
        if (!sl_test_skips())
            run_point(i);
    unlink(path);
}
END_TEST

SLUICE_TEST_MAIN("pipeline.mixtures",
                 any_mixture_of_settings_has_the_bits_of_the_reference)

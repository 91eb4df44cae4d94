/*
 * GEMM backends in a pipeline: products large enough that `auto` gives some to
 * each, with the bits of the reference; what they take; what is refused.
 */
#include <sluice/gemm.h>

#include <stdlib.h>
#include <string.h>

#include <sluice/loss.h>
#include <sluice/optimizer.h>
#include <sluice/reference.h>

#include "support/grid.h"
#include "support/runner.h"

enum {
    IN = 96,
    HIDDEN = 128,
    OUT = 10,
    BATCH = 258,
    MICROBATCHES = 4,
    N_WEIGHT = IN * HIDDEN,
};

static sluice_model *model;
static float x[BATCH * IN];
static int32_t labels[BATCH];
static const sluice_sgd_config sgd = {.learning_rate = 0.05, .momentum = 0.9};

static void add_linear(int64_t out, sluice_activation activation)
{
    const sluice_linear_config config = {.out = out, .activation = activation};
    ck_assert(!sluice_model_add(model, sluice_linear(), &config, NULL));
}

/* Two linear layers, a residual block with two, and the classes. */
static void set_up(void)
{
    sluice_model_config config = {sluice_shape_vector(IN), NULL};
    ck_assert(!sluice_model_create(&config, &model, NULL));
    add_linear(HIDDEN, SLUICE_RELU);
    add_linear(HIDDEN, SLUICE_GELU);
    ck_assert(!sluice_model_begin(model, sluice_residual(), NULL));
    add_linear(HIDDEN, SLUICE_TANH);
    add_linear(HIDDEN, SLUICE_IDENTITY);
    ck_assert(!sluice_model_end(model, NULL));
    add_linear(OUT, SLUICE_IDENTITY);
    for (int i = 0; i < BATCH * IN; i++)
        x[i] = (float)(i * 7919 % 1000) / 500 - 1;
    for (int i = 0; i < BATCH; i++)
        labels[i] = i * 7 % OUT;
}

static void tear_down(void)
{
    sluice_model_destroy(model);
}

static sluice_pipeline_config configure(const char *gemm, int devices)
{
    return (sluice_pipeline_config){
        .schedule = {.devices = devices,
                     .microbatches = MICROBATCHES,
                     .backward_order = SLUICE_IN_ORDER},
        .batch = BATCH,
        .uneven = true,
        .loss = sluice_cross_entropy(),
        .optimizer = sluice_sgd(),
        .optimizer_config = &sgd,
        .seed = 1,
        .gemm = gemm,
    };
}

static float got[HIDDEN * HIDDEN], want[HIDDEN * HIDDEN];

static void assert_same(const sluice_pipeline *pipe,
                        const sluice_reference *ref, const char *name,
                        int64_t n)
{
    ck_assert(!sluice_pipeline_get_parameter(pipe, name, got, n, NULL));
    ck_assert(!sluice_reference_get_parameter(ref, name, want, n, NULL));
    ck_assert_mem_eq(got, want, (size_t)n * sizeof *got);
}

static void assert_same_parameters(const sluice_pipeline *pipe,
                                   const sluice_reference *ref)
{
    assert_same(pipe, ref, "0.weight", N_WEIGHT);
    assert_same(pipe, ref, "1.weight", HIDDEN * HIDDEN);
    assert_same(pipe, ref, "2.0.weight", HIDDEN * HIDDEN);
    assert_same(pipe, ref, "2.1.weight", HIDDEN * HIDDEN);
    assert_same(pipe, ref, "3.weight", HIDDEN * OUT);
}

/* Steps with a full batch, a part of one, and weights that the caller sets. */
static void check_bits(const char *gemm, int devices)
{
    static const int64_t rows[] = {BATCH, BATCH, 100, BATCH, 3, BATCH};
    sluice_pipeline_config config = configure(gemm, devices);
    sluice_pipeline *pipe;
    sluice_reference *ref;
    ck_assert(!sluice_pipeline_create(&config, model, &pipe, NULL));
    ck_assert(!sluice_reference_create(&config, model, &ref, NULL));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sluice_result a, b;
        if (sl_test_skips())
            continue;
        ck_assert(!sluice_pipeline_step(pipe, x, labels, rows[i], &a, NULL));
        ck_assert(!sluice_reference_step(ref, x, labels, rows[i], &b, NULL));
        ck_assert_double_eq(a.loss, b.loss);
        assert_same_parameters(pipe, ref);
        got[0] += 0.25F; /* of 3.weight, which was compared last */
        sluice_pipeline_set_parameter(pipe, "3.weight", got, HIDDEN * OUT,
                                      NULL);
        sluice_reference_set_parameter(ref, "3.weight", got, HIDDEN * OUT,
                                       NULL);
        ck_assert(!sluice_pipeline_evaluate(pipe, x, labels, BATCH, &a, NULL));
        ck_assert(!sluice_reference_evaluate(ref, x, labels, BATCH, &b, NULL));
        ck_assert_double_eq(a.loss, b.loss);
    }
    sluice_reference_destroy(ref);
    sluice_pipeline_destroy(pipe);
}

/* Plain loops are slow: two devices have to do. */
START_TEST(every_backend_gives_the_bits_of_the_reference)
{
    set_up();
    for (int i = 0; sluice_gemm_name(i); i++) {
        const char *name = sluice_gemm_name(i);
        bool slow = !strcmp(name, "plain");
        for (int k = slow ? 2 : 1; k <= (slow ? 2 : 4); k += k)
            if (sluice_gemm_is_built(name))
                check_bits(name, k);
    }
    tear_down();
}
END_TEST

/* The parameters after two steps, by each backend: near, but for plain's sums
 * in double not the same. */
START_TEST(backends_agree_but_for_rounding)
{
    static float weights[2][N_WEIGHT];
    set_up();
    for (int i = 0; sluice_gemm_name(i); i++) {
        sluice_pipeline_config config = configure(sluice_gemm_name(i), 2);
        sluice_pipeline *pipe;
        if (!sluice_gemm_is_built(config.gemm))
            continue;
        ck_assert(!sluice_pipeline_create(&config, model, &pipe, NULL));
        for (int step = 0; step < 2; step++)
            ck_assert(
                !sluice_pipeline_step(pipe, x, labels, BATCH, NULL, NULL));
        ck_assert(!sluice_pipeline_get_parameter(
            pipe, "0.weight", weights[i > 0], N_WEIGHT, NULL));
        for (int j = 0; j < N_WEIGHT; j++)
            ck_assert_float_eq_tol(weights[i > 0][j], weights[0][j], 1e-4F);
        sluice_pipeline_destroy(pipe);
    }
    tear_down();
}
END_TEST

static size_t packed_by(const char *gemm, const char *schedule)
{
    sluice_memory_plan plans[2];
    sluice_pipeline_config config = configure(gemm, 2);
    config.schedule.name = schedule;
    ck_assert(!sluice_pipeline_plan(model, &config, plans, NULL));
    return plans[0].packed + plans[1].packed;
}

START_TEST(packed_weights_are_planned_for_each_version)
{
    size_t weights = sizeof(float) * (IN + 3 * HIDDEN + OUT) * HIDDEN;
    set_up();
    ck_assert_uint_eq(packed_by("openblas", "gpipe"), 0);
    ck_assert_uint_eq(packed_by("plain", "gpipe"), 0);
    for (int i = 0; i < 2; i++) {
        const char *gemm = i ? "onednn" : "packed";
        if (!sluice_gemm_is_built(gemm))
            continue;
        ck_assert_uint_ge(packed_by(gemm, "gpipe"), 2 * weights);
        ck_assert_uint_gt(packed_by(gemm, "pipedream"),
                          packed_by(gemm, "gpipe"));
    }
    tear_down();
}
END_TEST

/* Without a name in the configuration. */
static void assert_default_is(const char *gemm)
{
    sluice_pipeline_config config = configure(NULL, 2);
    sluice_pipeline *pipe;
    ck_assert(!sluice_pipeline_create(&config, model, &pipe, NULL));
    ck_assert_str_eq(sluice_pipeline_gemm(pipe), gemm);
    sluice_pipeline_destroy(pipe);
}

START_TEST(a_pipeline_names_its_backends)
{
    set_up();
    for (int i = 0; sluice_gemm_name(i); i++) {
        const char *name = sluice_gemm_name(i);
        sluice_pipeline_config config = configure(name, 2);
        sluice_pipeline *pipe;
        if (!sluice_gemm_is_built(name))
            continue;
        ck_assert(!sluice_pipeline_create(&config, model, &pipe, NULL));
        if (strcmp(name, "auto") != 0)
            ck_assert_str_eq(sluice_pipeline_gemm(pipe), name);
        else
            ck_assert(!strcmp(sluice_pipeline_gemm(pipe), "openblas") ||
                      !strcmp(sluice_pipeline_gemm(pipe), "packed"));
        if (i == 0)
            assert_default_is(sluice_pipeline_gemm(pipe));
        sluice_pipeline_destroy(pipe);
    }
    tear_down();
}
END_TEST

/* Positions are rows of a product: 3 rows of a micro-batch and 24 positions. */
START_TEST(auto_names_both_where_rows_differ)
{
    static const char text[] =
        "input(24x32); linear(32, per-position); linear(4)";
    sluice_pipeline_config config = configure(NULL, 2);
    sluice_pipeline *pipe;
    sluice_model *mixed;
    ck_assert(!sluice_model_parse(text, NULL, &mixed, NULL));
    config.batch = 12;
    ck_assert(!sluice_pipeline_create(&config, mixed, &pipe, NULL));
    const char *gemm = sluice_pipeline_gemm(pipe);
    sluice_pipeline_destroy(pipe);
    config.batch = 400;
    ck_assert(!sluice_pipeline_create(&config, mixed, &pipe, NULL));
    ck_assert(strcmp(sluice_pipeline_gemm(pipe), "packed") != 0 ||
              !strcmp(gemm, "openblas+packed") || !strcmp(gemm, "packed"));
    sluice_pipeline_destroy(pipe);
    sluice_model_destroy(mixed);
}
END_TEST

START_TEST(cuts_by_cost_do_with_every_backend)
{
    const sluice_cut cuts[] = {SLUICE_CUT_TIME, SLUICE_CUT_BYTES};
    set_up();
    for (int i = 0; sluice_gemm_name(i); i++)
        for (int c = 0; c < 2 && sluice_gemm_is_built(sluice_gemm_name(i));
             c++) {
            sluice_pipeline_config config = configure(sluice_gemm_name(i), 2);
            sluice_pipeline *pipe;
            config.cut = cuts[c];
            ck_assert(!sluice_pipeline_create(&config, model, &pipe, NULL));
            ck_assert(
                !sluice_pipeline_step(pipe, x, labels, BATCH, NULL, NULL));
            sluice_pipeline_destroy(pipe);
        }
    tear_down();
}
END_TEST

/* No worse than the other way to cut, whatever backends add to the weights. */
START_TEST(a_cut_by_bytes_counts_packed_weights)
{
    sluice_memory_plan plans[2][2];
    set_up();
    for (int i = 0; i < 2 && sluice_gemm_is_built("onednn"); i++) {
        sluice_pipeline_config config = configure(i ? "onednn" : "openblas", 2);
        config.batch = 8;
        config.cut = SLUICE_CUT_BYTES;
        ck_assert(!sluice_pipeline_plan(model, &config, plans[i], NULL));
        size_t most = plans[i][0].total > plans[i][1].total ? plans[i][0].total
                                                            : plans[i][1].total;
        const int sizes[] = {2, 2};
        config.cut = SLUICE_CUT_LIST;
        config.partition = sizes;
        ck_assert(!sluice_pipeline_plan(model, &config, plans[i], NULL));
        ck_assert_uint_le(most, plans[i][0].total > plans[i][1].total
                                    ? plans[i][0].total
                                    : plans[i][1].total);
    }
    tear_down();
}
END_TEST

START_TEST(an_unknown_backend_is_refused)
{
    sluice_pipeline *pipe;
    sluice_reference *ref;
    sluice_diag why;
    set_up();
    sluice_pipeline_config config = configure("mkl", 2);
    ck_assert_int_eq(sluice_pipeline_create(&config, model, &pipe, &why),
                     SLUICE_NOT_FOUND);
    ck_assert(strstr(why.text, "mkl"));
    /* It is looked at before the schedule. */
    config.schedule.name = "no such schedule";
    ck_assert_int_eq(sluice_pipeline_create(&config, model, &pipe, &why),
                     SLUICE_NOT_FOUND);
    ck_assert(strstr(why.text, "mkl"));
    config.schedule.name = NULL;
    ck_assert_int_eq(sluice_reference_create(&config, model, &ref, &why),
                     SLUICE_NOT_FOUND);
    ck_assert(!sluice_gemm_is_built("mkl"));
    ck_assert(!sluice_gemm_is_built(NULL));
    ck_assert_ptr_null(sluice_gemm_name(-1));
    config.gemm = "onednn";
    if (!sluice_gemm_is_built("onednn")) {
        ck_assert_int_eq(sluice_pipeline_create(&config, model, &pipe, &why),
                         SLUICE_INVALID);
        ck_assert(strstr(why.text, "libdnnl-dev"));
    }
    tear_down();
}
END_TEST

SLUICE_TEST_MAIN("pipeline.gemm", every_backend_gives_the_bits_of_the_reference,
                 backends_agree_but_for_rounding,
                 packed_weights_are_planned_for_each_version,
                 a_pipeline_names_its_backends,
                 auto_names_both_where_rows_differ,
                 cuts_by_cost_do_with_every_backend,
                 a_cut_by_bytes_counts_packed_weights,
                 an_unknown_backend_is_refused)

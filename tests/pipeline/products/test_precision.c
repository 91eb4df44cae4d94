/*
 * Products of bfloat16 in a pipeline: bits of the reference in the same
 * precision, what is planned, what is refused.  Once more as on a processor
 * that has no such products.
 */
#include <sluice/pipeline.h>

#include <stdlib.h>
#include <string.h>

#include <sluice/gemm.h>
#include <sluice/loss.h>
#include <sluice/optimizer.h>
#include <sluice/reference.h>

#include "support/runner.h"

enum { IN = 40, BATCH = 66, N_FLOATS = IN * 64 };

static const char text[] = "input(40); linear(64, activation=relu); "
                           "residual{linear(64, activation=gelu); linear(64)}; "
                           "linear(48, activation=tanh); linear(10)";

/* A convolution is no product of bfloat16. */
static const char image_text[] = "input(40); reshape(1, height=8, width=5); "
                                 "conv2d(48, padding=1, activation=relu); "
                                 "conv2d(16, stride=2); linear(10)";

static sluice_model *model;
static float x[BATCH * IN];
static int32_t labels[BATCH];

static void set_up_model(const char *network)
{
    ck_assert(!sluice_model_parse(network, NULL, &model, NULL));
    for (int i = 0; i < BATCH * IN; i++)
        x[i] = (float)(i * 7919 % 1000) / 500 - 1;
    for (int i = 0; i < BATCH; i++)
        labels[i] = i * 7 % 10;
}

static void set_up(void)
{
    set_up_model(text);
}

static void tear_down(void)
{
    sluice_model_destroy(model);
}

static sluice_pipeline_config configure(const char *gemm, const char *precision)
{
    static const sluice_sgd_config sgd = {.learning_rate = 0.05,
                                          .momentum = 0.9};
    return (sluice_pipeline_config){
        .schedule = {.devices = 2, .microbatches = 4},
        .batch = BATCH,
        .uneven = true,
        .loss = sluice_cross_entropy(),
        .optimizer = sluice_sgd(),
        .optimizer_config = &sgd,
        .seed = 1,
        .gemm = gemm,
        .precision = precision,
    };
}

static bool accepts_bf16(const char *gemm)
{
    sluice_memory_plan plans[2];
    sluice_pipeline_config config = configure(gemm, "bf16");
    sluice_status st = sluice_pipeline_plan(model, &config, plans, NULL);
    ck_assert(!st || st == SLUICE_INVALID);
    return !st;
}

/* Whether oneDNN has such products here; that of a test may be told not to. */
static bool has_bf16(void)
{
    bool has = accepts_bf16("onednn");
    ck_assert(!has || !getenv("ONEDNN_MAX_CPU_ISA"));
    return has;
}

/* Not where they are slower than those of float32. */
static bool auto_has_bf16(void)
{
    return accepts_bf16(NULL);
}

static sluice_pipeline *make(const sluice_pipeline_config *config)
{
    sluice_pipeline *pipe;
    ck_assert(!sluice_pipeline_create(config, model, &pipe, NULL));
    return pipe;
}

/* Full batches, parts of them, and evaluations; then the bits of a parameter.
 */
static void check_bits_of(const char *name, int64_t n,
                          const sluice_pipeline_config *config,
                          const char *gemm)
{
    static const int64_t rows[] = {BATCH, BATCH, 30, BATCH, 3, BATCH};
    static float got[N_FLOATS], want[N_FLOATS];
    sluice_reference *ref;
    sluice_pipeline *pipe = make(config);
    ck_assert_str_eq(sluice_pipeline_precision(pipe), "bf16");
    ck_assert_str_eq(sluice_pipeline_gemm(pipe), gemm);
    ck_assert(!sluice_reference_create(config, model, &ref, NULL));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sluice_result a, b;
        ck_assert(!sluice_pipeline_step(pipe, x, labels, rows[i], &a, NULL));
        ck_assert(!sluice_reference_step(ref, x, labels, rows[i], &b, NULL));
        ck_assert_double_eq(a.loss, b.loss);
        ck_assert(!sluice_pipeline_evaluate(pipe, x, labels, BATCH, &a, NULL));
        ck_assert(!sluice_reference_evaluate(ref, x, labels, BATCH, &b, NULL));
        ck_assert_double_eq(a.loss, b.loss);
    }
    ck_assert(!sluice_pipeline_get_parameter(pipe, name, got, n, NULL));
    ck_assert(!sluice_reference_get_parameter(ref, name, want, n, NULL));
    ck_assert_mem_eq(got, want, (size_t)n * sizeof *got);
    sluice_reference_destroy(ref);
    sluice_pipeline_destroy(pipe);
}

static void check_bits(const sluice_pipeline_config *config, const char *gemm)
{
    check_bits_of("0.weight", N_FLOATS, config, gemm);
}

START_TEST(bf16_gives_the_bits_of_the_reference_in_bf16)
{
    static const char *const gemms[] = {NULL, "onednn", "plain"};
    set_up();
    for (int i = 0; i < 3; i++) {
        bool is_plain = i == 2;
        sluice_pipeline_config config = configure(gemms[i], "bf16");
        if (!accepts_bf16(gemms[i]))
            continue;
        for (int k = 1; k <= 4; k++) {
            config.schedule.devices = k;
            config.remat = k % 2 ? SLUICE_REMAT_NEVER : SLUICE_REMAT_ALWAYS;
            check_bits(&config, is_plain ? "plain" : "onednn");
        }
    }
    tear_down();
}
END_TEST

/* A team makes products of some columns; plain loops have them. */
START_TEST(teams_have_the_bits_of_bf16_by_plain_loops)
{
    set_up();
    sluice_pipeline_config config = configure("plain", "bf16");
    config.team = 2;
    check_bits(&config, "plain");
    tear_down();
}
END_TEST

/* After a step: another result than in float32, and near it.  Gradients differ
 * by about 2^-8 of themselves, and the step is a twentieth of them. */
START_TEST(bf16_trains_near_float32)
{
    static float weights[2][N_FLOATS];
    set_up();
    for (int i = 0; i < 2; i++) {
        sluice_pipeline_config config = configure("plain", i ? "bf16" : NULL);
        sluice_pipeline *pipe = make(&config);
        ck_assert(!sluice_pipeline_step(pipe, x, labels, BATCH, NULL, NULL));
        ck_assert(!sluice_pipeline_get_parameter(pipe, "0.weight", weights[i],
                                                 N_FLOATS, NULL));
        sluice_pipeline_destroy(pipe);
    }
    ck_assert_mem_ne(weights[0], weights[1], sizeof weights[0]);
    for (int i = 0; i < N_FLOATS; i++)
        ck_assert_float_eq_tol(weights[1][i], weights[0][i], 1e-3F);
    tear_down();
}
END_TEST

START_TEST(packed_copies_of_bf16_are_planned_at_half)
{
    sluice_memory_plan full[2], half[2];
    set_up();
    sluice_pipeline_config config = configure("onednn", NULL);
    if (has_bf16()) {
        ck_assert(!sluice_pipeline_plan(model, &config, full, NULL));
        config.precision = "bf16";
        ck_assert(!sluice_pipeline_plan(model, &config, half, NULL));
        sluice_pipeline *pipe = make(&config);
        for (int d = 0; d < 2; d++) {
            sluice_device_info info;
            ck_assert_uint_gt(half[d].packed, 0);
            ck_assert_uint_lt(half[d].packed, full[d].packed);
            sluice_pipeline_device(pipe, d, &info);
            ck_assert_uint_eq(info.actual_bytes, half[d].total);
        }
        sluice_pipeline_destroy(pipe);
    }
    tear_down();
}
END_TEST

/* What float32 has of the backend that it says by `gemm`: copies of the
 * weights of a convolution, and the same bytes promised and taken. */
START_TEST(a_convolution_beside_bf16_has_the_tiles_of_float32)
{
    sluice_memory_plan full[2], beside[2];
    set_up_model(image_text);
    if (auto_has_bf16()) {
        sluice_pipeline_config config = configure(NULL, NULL);
        sluice_pipeline *pipe = make(&config);
        bool tiles = !strcmp(sluice_pipeline_gemm(pipe), "packed");
        sluice_pipeline_destroy(pipe);
        config.cut = SLUICE_CUT_LIST;
        config.partition = (int[]){3, 1};
        ck_assert(!sluice_pipeline_plan(model, &config, full, NULL));
        config.precision = "bf16";
        ck_assert(!sluice_pipeline_plan(model, &config, beside, NULL));
        ck_assert_uint_eq(beside[0].packed, full[0].packed);
        ck_assert_uint_eq(beside[0].total, full[0].total);
        pipe = make(&config);
        for (int d = 0; d < 2; d++) {
            sluice_device_info info;
            sluice_pipeline_device(pipe, d, &info);
            ck_assert_uint_eq(info.actual_bytes, beside[d].total);
        }
        sluice_pipeline_destroy(pipe);
        for (int k = 1; k <= 3; k++) {
            config.schedule.devices = k;
            config.cut = SLUICE_CUT_UNIFORM;
            check_bits_of("1.weight", 48 * 9, &config,
                          tiles ? "onednn+packed" : "onednn+openblas");
        }
    }
    tear_down();
}
END_TEST

static void assert_refused(const sluice_pipeline_config *config,
                           sluice_status status, const char *sentence)
{
    sluice_pipeline *pipe;
    sluice_reference *ref;
    sluice_diag why;
    ck_assert_int_eq(sluice_pipeline_create(config, model, &pipe, &why),
                     status);
    ck_assert_msg(strstr(why.text, sentence), "%s", why.text);
    if (config->team)
        return; /* the reference has none */
    ck_assert_int_eq(sluice_reference_create(config, model, &ref, &why),
                     status);
    ck_assert_msg(strstr(why.text, sentence), "%s", why.text);
}

START_TEST(a_backend_without_bf16_is_refused)
{
    set_up();
    sluice_pipeline_config config = configure("openblas", "bf16");
    assert_refused(&config, SLUICE_INVALID,
                   "precision bf16 with the GEMM backend openblas");
    if (sluice_gemm_is_built("packed")) {
        config.gemm = "packed";
        assert_refused(&config, SLUICE_INVALID,
                       "precision bf16 with the GEMM backend packed");
    }
    if (has_bf16()) {
        config.gemm = "onednn";
        config.team = 2;
        assert_refused(&config, SLUICE_INVALID,
                       "precision bf16 with teams of 2 devices");
    }
    tear_down();
}
END_TEST

START_TEST(a_machine_without_bf16_is_refused)
{
    set_up();
    if (!has_bf16())
        for (int i = 0; i < 2; i++) {
            sluice_pipeline_config config = configure(NULL, "bf16");
            assert_refused(&config, SLUICE_INVALID,
                           sluice_gemm_is_built("onednn")
                               ? "needs a processor with products of bfloat16"
                               : "needs oneDNN");
        }
    tear_down();
}
END_TEST

/* oneDNN does it for who names it. */
START_TEST(auto_refuses_bf16_where_it_is_slower_than_float32)
{
    set_up();
    if (has_bf16() && !auto_has_bf16()) {
        sluice_pipeline_config config = configure("auto", "bf16");
        assert_refused(&config, SLUICE_INVALID,
                       "precision bf16 is slower than float32 on this");
    }
    ck_assert(has_bf16() || !auto_has_bf16());
    tear_down();
}
END_TEST

START_TEST(an_unknown_precision_is_refused)
{
    set_up();
    sluice_pipeline_config config = configure(NULL, "fp8");
    assert_refused(&config, SLUICE_NOT_FOUND, "fp8");
    ck_assert_str_eq(sluice_precision_name(0), "float32");
    ck_assert_str_eq(sluice_precision_name(1), "bf16");
    ck_assert_ptr_null(sluice_precision_name(2));
    ck_assert_ptr_null(sluice_precision_name(-1));
    sluice_pipeline *pipe;
    config.precision = NULL;
    pipe = make(&config);
    ck_assert_str_eq(sluice_pipeline_precision(pipe), "float32");
    sluice_pipeline_destroy(pipe);
    tear_down();
}
END_TEST

SLUICE_TEST_MAIN("pipeline.precision",
                 bf16_gives_the_bits_of_the_reference_in_bf16,
                 teams_have_the_bits_of_bf16_by_plain_loops,
                 bf16_trains_near_float32,
                 packed_copies_of_bf16_are_planned_at_half,
                 a_convolution_beside_bf16_has_the_tiles_of_float32,
                 a_backend_without_bf16_is_refused,
                 a_machine_without_bf16_is_refused,
                 auto_refuses_bf16_where_it_is_slower_than_float32,
                 an_unknown_precision_is_refused)

/*
 * Devices and the reference read denormal numbers as 0: the bits are the same
 * ones, and the caller's thread is as before.
 */
#include <float.h>

#include <sluice/gemm.h>

#include "support/judged_pair.h"
#include "support/runner.h"

enum { LAYERS = 4, BATCH = 12, OUT = 5 };

static struct sl_test_problem problem;

/* Every second number of x is denormal. */
static void start(const char *gemm)
{
    problem = (struct sl_test_problem){0};
    ck_assert(
        !sl_test_problem_init(&problem, SL_TEST_RELU, LAYERS, BATCH, NULL));
    problem.config.gemm = gemm;
    for (int64_t i = 0; i < problem.n_rows * problem.in; i += 2)
        problem.x[i] = FLT_MIN / (float)(i + 2);
}

/* Whether the processor has a mode in which they are 0, see
 * base/denormals.h. */
static bool has_mode(void)
{
#if defined(__x86_64__) || defined(__aarch64__)
    return true;
#else
    return false;
#endif
}

static void assert_denormals_are_on(void)
{
    volatile float least = FLT_MIN;
    volatile float half = least / 2;
    ck_assert(half > 0);
    ck_assert(half * 2 == least);
}

START_TEST(bits_with_denormal_inputs_are_those_of_the_reference)
{
    static const char *const gemms[] = {"openblas", "packed", "plain"};
    for (int i = 0; i < 3; i++) {
        if (!sluice_gemm_is_built(gemms[i]))
            continue;
        start(gemms[i]);
        for (int k = 1; k <= 2; k++) {
            struct sl_test_pair pair;
            problem.config.schedule.devices = k;
            problem.config.schedule.microbatches = 2;
            ck_assert(!sl_test_pair_init(&pair, &problem, &problem.config));
            ck_assert_msg(!sl_test_step(&pair, 0, BATCH) &&
                              !sl_test_evaluate(&pair, 1, BATCH) &&
                              !sl_test_infer(&pair, 3, BATCH),
                          "%s", pair.text);
            sl_test_pair_fini(&pair);
            assert_denormals_are_on();
        }
        sl_test_problem_fini(&problem);
    }
}
END_TEST

START_TEST(a_device_reads_denormal_numbers_as_zero)
{
    float y[BATCH * OUT];
    sluice_pipeline *pipe;
    start(NULL);
    sluice_model_destroy(problem.model);
    ck_assert(!sluice_model_parse("input(6); linear(7, no-bias); "
                                  "linear(5, no-bias)",
                                  NULL, &problem.model, NULL));
    for (int64_t i = 0; i < problem.n_rows * problem.in; i++)
        problem.x[i] = FLT_MIN / 2;
    problem.config.schedule.devices = 2;
    ck_assert(
        !sluice_pipeline_create(&problem.config, problem.model, &pipe, NULL));
    ck_assert(!sluice_pipeline_infer(pipe, problem.x, BATCH, y, NULL));
    for (int i = 0; i < BATCH * OUT; i++)
        ck_assert(y[i] == 0 || !has_mode());
    sluice_pipeline_destroy(pipe);
    assert_denormals_are_on();
    sl_test_problem_fini(&problem);
}
END_TEST

SLUICE_TEST_MAIN("pipeline.denormals",
                 bits_with_denormal_inputs_are_those_of_the_reference,
                 a_device_reads_denormal_numbers_as_zero)

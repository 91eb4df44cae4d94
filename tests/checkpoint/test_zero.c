/*
 * ZeRO shares out the optimizer's states; a checkpoint has them whole, and so
 * it goes on with any stage.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sluice/checkpoint.h>
#include <sluice/pipeline_state.h>

#include "support/optimized.h"
#include "support/runner.h"

enum { LAYERS = 5, BATCH = 24, MOST_VALUES = 4096 };

static struct sl_test_problem problem;
static sluice_optimizer_choice choice;
static sluice_diag why;

static sluice_pipeline_config begin(enum sl_test_kind kind,
                                    const char *optimizer)
{
    return sl_test_optimized(&problem, &choice, kind, LAYERS, BATCH, optimizer);
}

static sluice_pipeline *create(const sluice_pipeline_config *config)
{
    sluice_pipeline *pipe;
    ck_assert_msg(!sluice_pipeline_create(config, problem.model, &pipe, &why),
                  "%s", why.text);
    return pipe;
}

static void step(sluice_pipeline *pipe, int64_t row)
{
    ck_assert_msg(!sluice_pipeline_step(pipe, sl_test_x(&problem, row),
                                        sl_test_targets(&problem, row), BATCH,
                                        NULL, &why),
                  "%s", why.text);
}

/* Values that differ between two pipelines: parameters and states. */
static long differ(const sluice_pipeline *a, const sluice_pipeline *b)
{
    static float of_a[MOST_VALUES], of_b[MOST_VALUES];
    sluice_state_tensor at = {.state = -1};
    long n = 0;
    while (sluice_pipeline_next_tensor(a, &at)) {
        ck_assert_int_le(at.parameter.n, MOST_VALUES);
        ck_assert(!sluice_pipeline_get_tensor(a, at.name, of_a, at.parameter.n,
                                              NULL));
        ck_assert(!sluice_pipeline_get_tensor(b, at.name, of_b, at.parameter.n,
                                              NULL));
        for (int64_t i = 0; i < at.parameter.n; i++)
            n += memcmp(&of_a[i], &of_b[i], sizeof of_a[i]) != 0;
    }
    return n;
}

static void check_resumed(sluice_pipeline_config config, int saved, int resumed)
{
    char path[64];
    int n_differences = 0;
    snprintf(path, sizeof path, "zero_%d_%d_%ld.safetensors", saved, resumed,
             (long)getpid());
    config.zero = saved;
    sluice_pipeline *first = create(&config);
    config.zero = resumed;
    sluice_pipeline *second = create(&config);
    step(first, 0);
    step(first, 1);
    ck_assert_msg(!sluice_checkpoint_save(first, NULL, path, &why), "%s",
                  why.text);
    ck_assert_msg(
        !sluice_checkpoint_load(second, path, NULL, &n_differences, &why), "%s",
        why.text);
    ck_assert_int_eq(n_differences, 0);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(differ(first, second), 0);
    step(first, 2);
    step(second, 2);
    ck_assert_int_eq(differ(first, second), 0);
    sluice_pipeline_destroy(second);
    sluice_pipeline_destroy(first);
}

START_TEST(a_checkpoint_goes_on_with_any_stage)
{
    sluice_pipeline_config config = begin(SL_TEST_NORM, "adamw:lr=0.01");
    config.replicas = 3;
    config.schedule.devices = 2;
    config.schedule.microbatches = 2;
    config.gemm = "plain"; /* whose bits are the same with teams */
    for (int n = 0; n < 4 * 4; n++) {
        config.team = 1 + n % 2;
        check_resumed(config, n / 4, n % 4);
    }
    sl_test_problem_fini(&problem);
}
END_TEST

SLUICE_TEST_MAIN("checkpoint.zero", a_checkpoint_goes_on_with_any_stage)

/* A reshape that lacks memory, wherever it does, leaves a pipeline that trains
 * as if it had not been asked. */
#include <sluice/reshape.h>

#include "support/allocator.h"
#include "support/judged_pair.h"
#include "support/process.h"
#include "support/runner.h"

enum { LAYERS = 6, BATCH = 6 };

static struct sl_test_allocator allocator;

/* Fail one allocation, and perhaps all after it.  Returns whether there was
 * one. */
static bool reshape_with_fault(struct sl_test_pair *pair,
                               const sluice_pipeline_config *config, long at,
                               bool on)
{
    sluice_diag why = {0};
    long live = allocator.n_live;
    sl_test_allocator_arm(&allocator, at, on);
    sluice_status st = sluice_pipeline_reshape(pair->pipe, config, &why);
    bool failed = sl_test_allocator_failed(&allocator);
    sl_test_allocator_arm(&allocator, 0, false);
    ck_assert_msg(st == (failed ? SLUICE_NO_MEMORY : SLUICE_OK),
                  "allocation %ld: %s", at, sluice_status_name(st));
    ck_assert(!failed || (why.text[0] && allocator.n_live == live));
    ck_assert_int_eq(sluice_pipeline_n_reshapes(pair->pipe), !failed);
    return failed;
}

static void sweep(enum sl_test_kind kind, bool on)
{
    struct sl_test_problem problem = {0};
    struct sl_test_pair pair;
    sl_test_problem_init(&problem, kind, LAYERS, BATCH, &allocator.hooks);
    sluice_pipeline_config config = problem.config;
    config.schedule.devices = 2;
    config.schedule.microbatches = 3;
    ck_assert(!sl_test_pair_init(&pair, &problem, &config));
    config.schedule.devices = 3;
    config.team = kind == SL_TEST_RELU ? 2 : 1;
    config.cut = SLUICE_CUT_FLOPS;
    config.trace = true;
    int threads = sl_test_threads_at_rest();
    long wrong = sl_test_step(&pair, 0, BATCH), at = 1;
    for (; reshape_with_fault(&pair, &config, at, on); at++)
        wrong += sl_test_step(&pair, at % BATCH, BATCH);
    wrong += sl_test_step(&pair, 0, BATCH);
    ck_assert_msg(!wrong, "%s", pair.text);
    ck_assert_int_gt(at, 50);
    ck_assert(sl_test_threads_return_to(threads - 2 +
                                        sluice_pipeline_n_devices(pair.pipe)));
    sl_test_pair_fini(&pair);
    sl_test_problem_fini(&problem);
    ck_assert_int_eq(allocator.n_live, 0);
    ck_assert_int_eq(allocator.n_wrong, 0);
}

START_TEST(every_allocation_of_a_reshape_may_fail)
{
    sl_test_allocator_init(&allocator);
    sweep(SL_TEST_RELU, false);
    sweep(SL_TEST_RELU, true);
    sweep(SL_TEST_SKIPS, false);
    sweep(SL_TEST_TIED, true);
}
END_TEST

SLUICE_TEST_MAIN("pipeline.reshape_oom", every_allocation_of_a_reshape_may_fail)

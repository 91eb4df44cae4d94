/*
 * A failed allocation, wherever it is, gives a status, leaks nothing, starts
 * nothing that stays, and leaves parameters as they were.
 */
#include "support/allocator.h"
#include "support/problem.h"
#include "support/process.h"
#include "support/runner.h"

enum { LAYERS = 5, BATCH = 6 };

static struct sl_test_allocator allocator;
static int zero; /* ZeRO stage of two replicas; 0: there is one */

/* All calls of a pipeline's life that may allocate, in order; the first bad
 * status ends it. */
static sluice_status live(enum sl_test_kind kind, int devices,
                          sluice_remat remat)
{
    struct sl_test_problem p = {0};
    sluice_pipeline *pipe = NULL;
    sluice_memory_plan plans[4];
    sluice_result result;
    float y[BATCH * 8];
    sluice_diag why = {0};
    sluice_status st =
        sl_test_problem_init(&p, kind, LAYERS, BATCH, &allocator.hooks);
    if (st)
        return st;
    sluice_pipeline_config config = p.config;
    config.schedule.devices = devices;
    config.schedule.microbatches = 3;
    config.remat = remat;
    config.replicas = zero ? 2 : 1;
    config.zero = zero;
    config.schedule.name =
        devices > 2 ? "pipedream" : "gpipe"; /* has a backup */
    p.sgd.clip = devices == 2 ? 0.1 : 0;     /* all devices add up a total */
    config.trace = true;
    config.cut = SLUICE_CUT_FLOPS;
    st = sluice_pipeline_plan(p.model, &config, plans, &why);
    if (!st)
        st = sluice_pipeline_create(&config, p.model, &pipe, &why);
    ck_assert(!st || !pipe);
    if (!st)
        st = sluice_pipeline_step(pipe, p.x, p.targets, BATCH, &result, &why);
    if (!st)
        st = sluice_pipeline_evaluate(pipe, p.x, p.targets, 2 * BATCH, &result,
                                      &why);
    if (!st)
        st = sluice_pipeline_infer(pipe, p.x, BATCH, y, &why);
    ck_assert(why.status == st);
    ck_assert(!st == !why.text[0]);
    sluice_pipeline_destroy(pipe);
    sl_test_problem_fini(&p);
    return st;
}

/* Fail allocation 1, 2, 3, ... until none is left to fail. */
static void sweep(enum sl_test_kind kind, int devices, sluice_remat remat,
                  bool on)
{
    int threads = sl_test_threads_at_rest(),
        descriptors = sl_test_descriptors();
    for (long at = 1;; at++) {
        sl_test_allocator_arm(&allocator, at, on);
        sluice_status st = live(kind, devices, remat);
        bool failed = sl_test_allocator_failed(&allocator);
        ck_assert_msg(st == (failed ? SLUICE_NO_MEMORY : SLUICE_OK),
                      "K %d, allocation %ld%s: %s", devices, at,
                      on ? " and all after it" : "", sluice_status_name(st));
        ck_assert_msg(!allocator.n_live && !allocator.n_wrong,
                      "K %d, allocation %ld: %ld blocks leaked, %ld wrong",
                      devices, at, (long)allocator.n_live,
                      (long)allocator.n_wrong);
        ck_assert(sl_test_threads_return_to(threads));
        ck_assert_int_eq(sl_test_descriptors(), descriptors);
        if (!failed) {
            ck_assert_int_gt(at, 10);
            return;
        }
    }
}

START_TEST(every_allocation_may_fail)
{
    static const int devices[] = {1, 2, 4};
    sl_test_allocator_init(&allocator);
    /* What the process sets up once, such as BLAS, is there from here on. */
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(live(SL_TEST_DROPOUT, devices[i], SLUICE_REMAT_NEVER),
                         SLUICE_OK);
    for (int i = 0; i < 3; i++) {
        sweep(SL_TEST_DROPOUT, devices[i], SLUICE_REMAT_NEVER, false);
        sweep(SL_TEST_DROPOUT, devices[i], SLUICE_REMAT_ALWAYS, true);
    }
}
END_TEST

START_TEST(so_may_every_allocation_for_what_joins_stages)
{
    sl_test_allocator_init(&allocator);
    ck_assert(!live(SL_TEST_TIED, 2, SLUICE_REMAT_NEVER));
    for (int devices = 1; devices <= 2; devices++) {
        sweep(SL_TEST_TIED, devices, SLUICE_REMAT_NEVER, false);
        sweep(SL_TEST_SKIPS, devices, SLUICE_REMAT_ALWAYS, false);
    }
}
END_TEST

/* With stage 3 all parts of the model lie in memory of their own. */
START_TEST(so_may_every_allocation_for_what_replicas_share)
{
    for (zero = 1; zero <= 3; zero += 2)
        for (int devices = 1; devices <= 2; devices++) {
            sl_test_allocator_init(&allocator);
            ck_assert(!live(SL_TEST_DROPOUT, devices, SLUICE_REMAT_NEVER));
            sweep(SL_TEST_DROPOUT, devices, SLUICE_REMAT_NEVER, false);
        }
    zero = 0;
}
END_TEST

/* From a step on, no allocation is needed: all failing, all works. */
START_TEST(a_pipeline_runs_on_without_any_memory_left)
{
    struct sl_test_problem p = {0};
    sluice_pipeline *pipe;
    sluice_result result;
    float y[BATCH * 8];
    sl_test_allocator_init(&allocator);
    sl_test_problem_init(&p, SL_TEST_NORM, LAYERS, BATCH, &allocator.hooks);
    p.sgd.clip = 0.1;
    p.config.schedule.devices = 3;
    p.config.schedule.microbatches = 4;
    p.config.trace = true;
    ck_assert_int_eq(sluice_pipeline_create(&p.config, p.model, &pipe, NULL),
                     SLUICE_OK);
    sluice_pipeline_step(pipe, p.x, p.targets, BATCH, &result, NULL);
    sl_test_allocator_arm(&allocator, 1, true);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(
            sluice_pipeline_step(pipe, p.x, p.targets, BATCH, &result, NULL),
            SLUICE_OK);
        ck_assert_int_eq(sluice_pipeline_evaluate(pipe, p.x, p.targets,
                                                  2 * BATCH, &result, NULL),
                         SLUICE_OK);
        ck_assert_int_eq(sluice_pipeline_infer(pipe, p.x, BATCH, y, NULL),
                         SLUICE_OK);
    }
    ck_assert_int_eq(allocator.n_calls, 0);
    sluice_pipeline_destroy(pipe);
    sl_test_problem_fini(&p);
    ck_assert_int_eq(allocator.n_live, 0);
}
END_TEST

SLUICE_TEST_MAIN("pipeline.oom", every_allocation_may_fail,
                 so_may_every_allocation_for_what_joins_stages,
                 so_may_every_allocation_for_what_replicas_share,
                 a_pipeline_runs_on_without_any_memory_left)

/* Which threads call the allocator: memory.h says, the callers' alone. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "support/problem.h"
#include "support/runner.h"

enum { LAYERS = 6, BATCH = 12 };

static pthread_t caller;        /* const while a pipeline lives */
static atomic_long n_calls;     /* [atomic] */
static atomic_long n_of_others; /* [atomic] calls by other threads */

static void count(void)
{
    atomic_fetch_add(&n_calls, 1);
    if (!pthread_equal(pthread_self(), caller))
        atomic_fetch_add(&n_of_others, 1);
}

static void *allocate(void *context, size_t bytes, size_t align)
{
    (void)context;
    count();
    return aligned_alloc(align, (bytes + align - 1) / align * align);
}

static void release(void *context, void *block, size_t bytes)
{
    (void)context;
    (void)bytes;
    count();
    free(block);
}

START_TEST(devices_never_call_the_allocator)
{
    static const sluice_allocator hooks = {allocate, release, NULL};
    static const sluice_cut cuts[] = {SLUICE_CUT_UNIFORM, SLUICE_CUT_TIME};
    caller = pthread_self();
    for (int i = 0; i < 2; i++) {
        struct sl_test_problem problem = {.n_rows = 0};
        sluice_pipeline *pipe;
        ck_assert_int_eq(
            sl_test_problem_init(&problem, SL_TEST_NORM, LAYERS, BATCH, &hooks),
            SLUICE_OK);
        problem.config.schedule.devices = 3;
        problem.config.schedule.microbatches = 4;
        problem.config.cut = cuts[i];
        problem.config.trace = true;
        ck_assert_int_eq(
            sluice_pipeline_create(&problem.config, problem.model, &pipe, NULL),
            SLUICE_OK);
        long before = atomic_load(&n_calls);
        ck_assert_int_eq(sluice_pipeline_step(pipe, problem.x, problem.targets,
                                              BATCH, NULL, NULL),
                         SLUICE_OK);
        ck_assert_int_eq(atomic_load(&n_calls), before);
        sluice_pipeline_destroy(pipe);
        sl_test_problem_fini(&problem);
    }
    ck_assert_int_gt(atomic_load(&n_calls), 0);
    ck_assert_int_eq(atomic_load(&n_of_others), 0);
}
END_TEST

SLUICE_TEST_MAIN("pipeline.allocating", devices_never_call_the_allocator)

/*
 * The calls into the C library, by standing in front of them: a step allocates
 * nothing, what is refused starts no thread, and a thread that cannot be
 * started is an error like any other.  Not built with sanitizers, which stand
 * there themselves.
 */
#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "support/allocator.h"
#include "support/problem.h"
#include "support/process.h"
#include "support/runner.h"

enum { LAYERS = 6, BATCH = 12 };

static atomic_bool counting;    /* [atomic] of malloc and its kin */
static atomic_long allocations; /* [atomic] */
static atomic_long starts;      /* [atomic] calls of pthread_create() */
static atomic_long refuse_at;   /* [atomic] the call that fails; 0: none */

/* glibc's own, under the names that it keeps for those who stand in front. */
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t n, size_t bytes);
void *__libc_realloc(void *block, size_t bytes);
void *__libc_memalign(size_t align, size_t bytes);

static void count(void)
{
    if (atomic_load(&counting))
        atomic_fetch_add(&allocations, 1);
}

__attribute__((visibility("default"))) void *malloc(size_t bytes)
{
    count();
    return __libc_malloc(bytes);
}

__attribute__((visibility("default"))) void *calloc(size_t n, size_t bytes)
{
    count();
    return __libc_calloc(n, bytes);
}

__attribute__((visibility("default"))) void *realloc(void *block, size_t bytes)
{
    count();
    return __libc_realloc(block, bytes);
}

__attribute__((visibility("default"))) void *aligned_alloc(size_t align,
                                                           size_t bytes)
{
    count();
    return __libc_memalign(align, bytes);
}

__attribute__((visibility("default"))) void *memalign(size_t align,
                                                      size_t bytes)
{
    count();
    return __libc_memalign(align, bytes);
}

/* Memory may also come from the kernel directly, as BLAS's buffers do. */
__attribute__((visibility("default"))) void *
mmap(void *at, size_t bytes, int protection, int flags, int fd, off_t offset)
{
    count();
    return (void *)syscall(SYS_mmap, at, bytes, protection, flags, fd, offset);
}

__attribute__((visibility("default"))) int
posix_memalign(void **out, size_t align, size_t bytes)
{
    count();
    *out = __libc_memalign(align, bytes);
    return *out ? 0 : ENOMEM;
}

__attribute__((visibility("default"))) int
pthread_create(pthread_t *thread, const pthread_attr_t *attr,
               void *(*run)(void *), void *context)
{
    typedef int create(pthread_t *, const pthread_attr_t *, void *(*)(void *),
                       void *);
    create *real;
    *(void **)&real = dlsym(RTLD_NEXT, "pthread_create");
    long call = atomic_fetch_add(&starts, 1) + 1;
    if (call == atomic_load(&refuse_at))
        return EAGAIN;
    return real(thread, attr, run, context);
}

START_TEST(the_counters_count)
{
    atomic_store(&allocations, 0);
    atomic_store(&counting, true);
    void *volatile block = malloc(10);
    free(block);
    block = aligned_alloc(64, 64);
    free(block);
    block = mmap(NULL, 1, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    atomic_store(&counting, false);
    ck_assert_int_eq(munmap(block, 1), 0);
    ck_assert_int_eq(allocations, 3);
}
END_TEST

/* A hundred steps after the first one, with evaluations and inferences that
 * come for the first time: nothing in the process allocates. */
static void count_steps(enum sl_test_kind kind, int devices, sluice_remat remat,
                        const char *schedule)
{
    struct sl_test_problem p = {0};
    struct sl_test_allocator allocator;
    sluice_pipeline *pipe;
    sluice_result result;
    float y[BATCH * SL_TEST_MOST_OUT];
    sl_test_allocator_init(&allocator);
    sl_test_problem_init(&p, kind, LAYERS, BATCH, &allocator.hooks);
    p.config.schedule.devices = devices;
    p.config.schedule.microbatches = 4;
    p.config.remat = remat;
    p.config.schedule.name = schedule;
    p.config.trace = remat != SLUICE_REMAT_NEVER;
    p.config.gemm = "openblas";
    ck_assert_int_eq(sluice_pipeline_create(&p.config, p.model, &pipe, NULL),
                     SLUICE_OK);
    sluice_pipeline_step(pipe, p.x, p.targets, BATCH, &result, NULL);
    sl_test_allocator_arm(&allocator, 0, false);
    atomic_store(&allocations, 0);
    atomic_store(&counting, true);
    sluice_status st = SLUICE_OK;
    for (int i = 0; i < 100; i++) {
        st |= sluice_pipeline_step(pipe, p.x, p.targets, 1 + i % BATCH, &result,
                                   NULL);
        sluice_trace trace;
        if (p.config.trace)
            st |= sluice_pipeline_trace(pipe, &trace, NULL);
        if (i % 10 == 0) {
            st |= sluice_pipeline_evaluate(pipe, p.x, p.targets, 2 * BATCH,
                                           &result, NULL);
            st |= sluice_pipeline_infer(pipe, p.x, BATCH, y, NULL);
        }
    }
    atomic_store(&counting, false);
    ck_assert_int_eq(st, SLUICE_OK);
    ck_assert_int_eq(allocations, 0);
    ck_assert_int_eq(allocator.n_calls, 0);
    sluice_pipeline_destroy(pipe);
    sl_test_problem_fini(&p);
    ck_assert_int_eq(allocator.n_live, 0);
}

START_TEST(a_hundred_steps_allocate_nothing)
{
    for (int kind = 0; kind < SL_TEST_KINDS; kind++)
        for (int devices = 1; devices <= 4; devices += devices)
            for (int remat = 0; remat < 3; remat++)
                count_steps((enum sl_test_kind)kind, devices,
                            (sluice_remat)remat,
                            (kind + remat) % 2 ? "1f1b" : "gpipe");
    for (int kind = 0; kind < SL_TEST_KINDS; kind++) {
        enum sl_test_kind k = (enum sl_test_kind)kind;
        count_steps(k, 3, SLUICE_REMAT_ALWAYS, "pipedream");
        count_steps(k, 2, SLUICE_REMAT_ALWAYS, "pipedream-2bw");
    }
}
END_TEST

/* oneDNN makes a list of a product's arguments for each run of it. */
START_TEST(onednn_allocates_no_more_than_its_lists_of_arguments)
{
    enum { STEPS = 20, MICROBATCHES = 4, LISTS = 8 };
    struct sl_test_problem p = {0};
    struct sl_test_allocator allocator;
    sluice_pipeline *pipe;
    sluice_status st = SLUICE_OK;
    sl_test_allocator_init(&allocator);
    sl_test_problem_init(&p, SL_TEST_RELU, LAYERS, BATCH, &allocator.hooks);
    p.config.schedule.devices = 2;
    p.config.schedule.microbatches = MICROBATCHES;
    p.config.gemm = "onednn";
    if (!sluice_pipeline_create(&p.config, p.model, &pipe, NULL)) {
        sluice_pipeline_step(pipe, p.x, p.targets, BATCH, NULL, NULL);
        sl_test_allocator_arm(&allocator, 0, false);
        atomic_store(&allocations, 0);
        atomic_store(&counting, true);
        for (int i = 0; i < STEPS; i++)
            st |= sluice_pipeline_step(pipe, p.x, p.targets, BATCH, NULL, NULL);
        atomic_store(&counting, false);
        /* Three products of a layer, and two packed copies in a step. */
        long runs = (3L * MICROBATCHES + 2) * LAYERS * STEPS;
        ck_assert_int_eq(st, SLUICE_OK);
        ck_assert_int_le(allocations, LISTS * runs);
        ck_assert_int_eq(allocator.n_calls, 0);
        sluice_pipeline_destroy(pipe);
    }
    sl_test_problem_fini(&p);
    ck_assert_int_eq(allocator.n_live, 0);
}
END_TEST

START_TEST(a_thread_that_cannot_start_is_an_error_without_traces)
{
    struct sl_test_problem p = {0};
    struct sl_test_allocator allocator;
    sluice_pipeline *pipe;
    sluice_diag why;
    sl_test_allocator_init(&allocator);
    sl_test_problem_init(&p, SL_TEST_RELU, LAYERS, BATCH, &allocator.hooks);
    p.config.schedule.devices = 4;
    ck_assert_int_eq(sluice_pipeline_create(&p.config, p.model, &pipe, NULL),
                     SLUICE_OK);
    sluice_pipeline_destroy(pipe);
    int threads = sl_test_threads_at_rest(),
        descriptors = sl_test_descriptors();
    long live = allocator.n_live;
    for (long at = 1; at <= 4; at++) {
        pipe = NULL;
        atomic_store(&starts, 0);
        atomic_store(&refuse_at, at);
        ck_assert_int_eq(
            sluice_pipeline_create(&p.config, p.model, &pipe, &why),
            SLUICE_SYSTEM);
        ck_assert_ptr_null(pipe);
        ck_assert_int_eq(why.status, SLUICE_SYSTEM);
        ck_assert_msg(strstr(why.text, "thread"), "%s", why.text);
        ck_assert_int_eq(allocator.n_live, live);
        ck_assert(sl_test_threads_return_to(threads));
        ck_assert_int_eq(sl_test_descriptors(), descriptors);
    }
    atomic_store(&refuse_at, 0);
    sl_test_problem_fini(&p);
}
END_TEST

START_TEST(what_is_refused_starts_no_thread)
{
    struct sl_test_problem p = {0};
    sluice_memory_plan plans[LAYERS + 1];
    sluice_pipeline *pipe;
    sl_test_problem_init(&p, SL_TEST_RELU, LAYERS, BATCH, NULL);
    sluice_pipeline_config bad[4];
    for (int i = 0; i < 4; i++) {
        bad[i] = p.config;
        bad[i].schedule.devices = 3;
    }
    bad[0].schedule.microbatches = 5;
    bad[0].uneven = false;
    bad[1].schedule.devices = LAYERS + 1;
    bad[2].device_cap_bytes = 100;
    bad[3].batch = 0;
    atomic_store(&starts, 0);
    for (int i = 0; i < 4; i++) {
        ck_assert_int_ne(sluice_pipeline_create(&bad[i], p.model, &pipe, NULL),
                         SLUICE_OK);
        sluice_pipeline_plan(p.model, &bad[i], plans, NULL);
    }
    ck_assert_int_eq(starts, 0);
    sl_test_problem_fini(&p);
}
END_TEST

SLUICE_TEST_MAIN("pipeline.calls", the_counters_count,
                 a_hundred_steps_allocate_nothing,
                 onednn_allocates_no_more_than_its_lists_of_arguments,
                 a_thread_that_cannot_start_is_an_error_without_traces,
                 what_is_refused_starts_no_thread)

/*
 * A polite guest: pipelines side by side do not see each other, come and go
 * without a trace, use the threads they announce, and leave the host's BLAS
 * setting as it was.
 *
 * SLUICE_TEST_LONG in the environment asks for 10^4 pipelines.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <cblas.h>

#include "support/grid.h"
#include "support/judged_pair.h"
#include "support/process.h"
#include "support/runner.h"

enum { LAYERS = 6, BATCH = 12 };

/* One of several pipelines that run at once, each stepped by its own thread. */
struct tenant {
    struct sl_test_problem problem;
    struct sl_test_pair pair;
    pthread_barrier_t *start;
    long wrong; /* read after join */
};

static void *use(void *context)
{
    struct tenant *t = context;
    pthread_barrier_wait(t->start);
    for (int s = 0; s < 60 && !t->wrong; s++) {
        t->wrong += sl_test_step(&t->pair, s % BATCH, 1 + s % BATCH);
        if (s % 10 == 0)
            t->wrong += sl_test_evaluate(&t->pair, 0, BATCH + 1);
    }
    return NULL;
}

START_TEST(pipelines_at_once_give_the_bits_of_each_alone)
{
    enum { TENANTS = 3 };
    struct tenant tenants[TENANTS] = {0};
    pthread_t threads[TENANTS];
    pthread_barrier_t start;
    pthread_barrier_init(&start, NULL, TENANTS);
    for (int i = 0; i < TENANTS; i++) {
        struct tenant *t = &tenants[i];
        t->start = &start;
        sl_test_problem_init(&t->problem, (enum sl_test_kind)i, LAYERS, BATCH,
                             NULL);
        sluice_pipeline_config config = t->problem.config;
        config.schedule.devices = 2 + i;
        config.schedule.microbatches = 3;
        config.seed = (uint64_t)i;
        ck_assert_int_eq(sl_test_pair_init(&t->pair, &t->problem, &config),
                         SLUICE_OK);
    }
    for (int i = 0; i < TENANTS; i++)
        ck_assert(!pthread_create(&threads[i], NULL, use, &tenants[i]));
    for (int i = 0; i < TENANTS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < TENANTS; i++) {
        ck_assert_msg(!tenants[i].wrong, "%s", tenants[i].pair.text);
        sl_test_pair_fini(&tenants[i].pair);
        sl_test_problem_fini(&tenants[i].problem);
    }
    pthread_barrier_destroy(&start);
}
END_TEST

START_TEST(one_model_may_serve_several_pipelines)
{
    struct sl_test_problem p = {0};
    struct sl_test_pair pairs[2];
    sl_test_problem_init(&p, SL_TEST_DROPOUT, LAYERS, BATCH, NULL);
    for (int i = 0; i < 2; i++) {
        sluice_pipeline_config config = p.config;
        config.schedule.devices = 1 + 2 * i;
        config.schedule.microbatches = 4;
        config.seed = 5 + (uint64_t)i;
        ck_assert_int_eq(sl_test_pair_init(&pairs[i], &p, &config), SLUICE_OK);
    }
    for (int s = 0; s < 3; s++)
        for (int i = 0; i < 2; i++)
            ck_assert_msg(!sl_test_step(&pairs[i], s + i, BATCH), "%s",
                          pairs[i].text);
    for (int i = 0; i < 2; i++)
        sl_test_pair_fini(&pairs[i]);
    sl_test_problem_fini(&p);
}
END_TEST

/* Make a pipeline, step it or not, and let it go. */
static void come_and_go(const struct sl_test_problem *p, int i)
{
    sluice_pipeline *pipe;
    sluice_result result;
    sluice_pipeline_config config = p->config;
    config.schedule.devices = 1 + i % 4;
    config.schedule.microbatches = 1 + i % 3;
    config.trace = i % 2;
    ck_assert_int_eq(sluice_pipeline_create(&config, p->model, &pipe, NULL),
                     SLUICE_OK);
    for (int s = 0; s < i % 3; s++)
        ck_assert_int_eq(
            sluice_pipeline_step(pipe, p->x, p->targets, BATCH, &result, NULL),
            SLUICE_OK);
    sluice_pipeline_destroy(pipe);
}

START_TEST(pipelines_that_come_and_go_leave_nothing)
{
    int n = sl_test_is_long() ? 10000 : 200;
    struct sl_test_problem p = {0};
    sl_test_problem_init(&p, SL_TEST_RELU, LAYERS, BATCH, NULL);
    /* Once, for what the process sets up on first use. */
    for (int i = 0; i < 24; i++)
        come_and_go(&p, i);
    int threads = sl_test_threads_at_rest(),
        descriptors = sl_test_descriptors();
    long resident = sl_test_resident_kib();
    for (int i = 0; i < n; i++)
        come_and_go(&p, i);
    ck_assert(sl_test_threads_return_to(threads));
    ck_assert_int_eq(sl_test_descriptors(), descriptors);
#ifndef SL_TEST_SANITIZED /* sanitizers keep freed memory for a while */
    ck_assert_int_le(sl_test_resident_kib() - resident, 1024);
#else
    ck_assert_int_gt(resident, 0);
#endif
    sl_test_problem_fini(&p);
}
END_TEST

/* What a cell sees of the process. */
struct sight {
    atomic_int threads; /* [atomic] most ever seen */
    atomic_int blas;    /* [atomic] most ever seen */
};

static void keep_most(atomic_int *most, int n)
{
    int was = atomic_load(most);
    while (n > was && !atomic_compare_exchange_weak(most, &was, n))
        ;
}

static sluice_status look(void *context, const struct sl_test_cell *cell)
{
    struct sight *sight = context;
    (void)cell;
    keep_most(&sight->threads, sl_test_threads());
    keep_most(&sight->blas, openblas_get_num_threads());
    return SLUICE_OK;
}

START_TEST(the_hosts_blas_threads_are_given_back)
{
    struct sight sight = {0};
    struct sl_test_problem p = {.probe = {look, &sight}};
    struct sl_test_pair pair;
    int was = openblas_get_num_threads();
    sl_test_problem_init(&p, SL_TEST_PROBE, LAYERS, BATCH, NULL);
    sluice_pipeline_config config = p.config;
    config.schedule.devices = 2;
    config.schedule.microbatches = 3;
    for (int host = 2; host >= 1; host--) {
        openblas_set_num_threads(host);
        ck_assert_int_eq(sl_test_pair_init(&pair, &p, &config), SLUICE_OK);
        ck_assert_int_eq(openblas_get_num_threads(), host);
        ck_assert_msg(!sl_test_step(&pair, 0, BATCH), "%s", pair.text);
        ck_assert_int_eq(openblas_get_num_threads(), host);
        ck_assert_msg(!sl_test_evaluate(&pair, 0, BATCH), "%s", pair.text);
        ck_assert_int_eq(openblas_get_num_threads(), host);
        sl_test_pair_fini(&pair);
        ck_assert_int_eq(openblas_get_num_threads(), host);
    }
    ck_assert_int_eq(sight.blas, 1);
    openblas_set_num_threads(was);
    sl_test_problem_fini(&p);
}
END_TEST

START_TEST(a_step_uses_one_thread_per_device)
{
    for (int devices = 1; devices <= LAYERS; devices++) {
        struct sight sight = {0};
        struct sl_test_problem p = {.probe = {look, &sight}};
        struct sl_test_pair pair;
        sl_test_problem_init(&p, SL_TEST_PROBE, LAYERS, BATCH, NULL);
        sluice_pipeline_config config = p.config;
        config.schedule.devices = devices;
        config.schedule.microbatches = 4;
        int before = sl_test_threads_at_rest(); /* this one, and BLAS's pool */
        ck_assert_int_eq(sl_test_pair_init(&pair, &p, &config), SLUICE_OK);
        ck_assert_msg(!sl_test_step(&pair, 0, BATCH), "%s", pair.text);
        ck_assert_int_le(sight.threads, before + devices);
        ck_assert_int_gt(sight.threads, devices);
        ck_assert_int_eq(sight.blas, 1);
        sl_test_pair_fini(&pair);
        ck_assert(sl_test_threads_return_to(before));
        sl_test_problem_fini(&p);
    }
}
END_TEST

START_TEST(as_many_devices_as_allowed_work)
{
    struct sl_test_problem p = {0};
    struct sl_test_pair pair;
    sl_test_problem_init(&p, SL_TEST_PROBE, SLUICE_MAX_DEVICES, 4, NULL);
    sluice_pipeline_config config = p.config;
    config.schedule.devices = SLUICE_MAX_DEVICES;
    config.schedule.microbatches = 2;
    int before = sl_test_threads_at_rest();
    ck_assert_msg(!sl_test_pair_init(&pair, &p, &config), "%s", pair.why.text);
    ck_assert_msg(!sl_test_step(&pair, 0, 4), "%s", pair.text);
    sl_test_pair_fini(&pair);
    ck_assert(sl_test_threads_return_to(before));
    sl_test_problem_fini(&p);
}
END_TEST

START_TEST(destroying_nothing_is_allowed)
{
    sluice_pipeline_destroy(NULL);
    sluice_reference_destroy(NULL);
}
END_TEST

/* What the log callback was told. */
struct notes {
    int n;
    pthread_t by;
    char last[512];
};

static void note(void *context, sluice_log_level level, const char *text)
{
    struct notes *notes = context;
    (void)level;
    notes->n++;
    notes->by = pthread_self();
    snprintf(notes->last, sizeof notes->last, "%s", text);
}

START_TEST(the_log_is_called_by_the_creating_thread_in_single_lines)
{
    struct notes notes = {0};
    struct sl_test_problem p = {0};
    sluice_pipeline *pipe;
    sl_test_problem_init(&p, SL_TEST_RELU, LAYERS, BATCH, NULL);
    /* On fewer cores pinning is worth a word. */
    p.config.schedule.devices = LAYERS;
    p.config.log = note;
    p.config.log_context = &notes;
    ck_assert_int_eq(sluice_pipeline_create(&p.config, p.model, &pipe, NULL),
                     SLUICE_OK);
    if (notes.n) {
        ck_assert(pthread_equal(notes.by, pthread_self()));
        ck_assert_ptr_null(strchr(notes.last, '\n'));
    }
    int n = notes.n;
    sluice_result result;
    sluice_pipeline_step(pipe, p.x, p.targets, BATCH, &result, NULL);
    sluice_pipeline_destroy(pipe);
    ck_assert_int_eq(notes.n, n);
    sl_test_problem_fini(&p);
}
END_TEST

START_TEST(the_device_map_covers_the_layers_in_order)
{
    struct sl_test_problem p = {0};
    sl_test_problem_init(&p, SL_TEST_RELU, LAYERS, BATCH, NULL);
    for (int devices = 1; devices <= LAYERS; devices++) {
        sluice_pipeline *pipe;
        p.config.schedule.devices = devices;
        ck_assert_int_eq(
            sluice_pipeline_create(&p.config, p.model, &pipe, NULL), SLUICE_OK);
        ck_assert_int_eq(sluice_pipeline_n_devices(pipe), devices);
        int next = 0;
        for (int d = 0; d < devices; d++) {
            sluice_device_info info;
            sluice_pipeline_device(pipe, d, &info);
            ck_assert_int_eq(info.first_layer, next);
            ck_assert_int_ge(info.n_layers, LAYERS / devices);
            ck_assert_int_le(info.n_layers, LAYERS / devices + 1);
            ck_assert_int_eq(info.n_stages, 1);
            ck_assert_int_ge(info.core, -1);
            next += info.n_layers;
        }
        ck_assert_int_eq(next, LAYERS);
        sluice_pipeline_destroy(pipe);
    }
    sl_test_problem_fini(&p);
}
END_TEST

/* Create pipelines of one device until one is refused; their number. */
static int fill_process(const struct sl_test_problem *p,
                        sluice_pipeline **pipes, int most, sluice_diag *why)
{
    int n = 0;
    while (n < most &&
           !sluice_pipeline_create(&p->config, p->model, &pipes[n], why))
        n++;
    return n;
}

/* OpenBLAS has a fixed table of buffers and writes beyond it.  Pipelines that
 * are refused or destroyed give theirs back. */
START_TEST(a_device_too_many_in_the_process_is_refused)
{
    enum { MANY = 1024 };
    static sluice_pipeline *pipes[MANY];
    struct sl_test_problem p = {0};
    sluice_diag why;
    sl_test_problem_init(&p, SL_TEST_RELU, LAYERS, BATCH, NULL);
    p.config.schedule.devices = 1;
    int n = fill_process(&p, pipes, MANY, &why);
    ck_assert_int_ge(n, SLUICE_MAX_DEVICES);
    ck_assert_int_lt(n, MANY);
    ck_assert_int_eq(why.status, SLUICE_NO_MEMORY);
    ck_assert(strstr(why.text, "destroy a pipeline first"));
    for (int i = 0; i < n; i++)
        sluice_pipeline_destroy(pipes[i]);
    ck_assert_int_eq(fill_process(&p, pipes, MANY, &why), n);
    for (int i = 0; i < n; i++)
        sluice_pipeline_destroy(pipes[i]);
    sl_test_problem_fini(&p);
}
END_TEST

/* The end of the wait lies beyond the range of the clock. */
START_TEST(a_wait_may_spin_as_long_as_can_be_said)
{
    struct sl_test_problem p = {0};
    struct sl_test_pair pair;
    sl_test_problem_init(&p, SL_TEST_RELU, LAYERS, BATCH, NULL);
    sluice_pipeline_config config = p.config;
    config.schedule.devices = 2;
    config.schedule.microbatches = 3;
    config.spin_ns = INT64_MAX;
    ck_assert_int_eq(sl_test_pair_init(&pair, &p, &config), SLUICE_OK);
    ck_assert_msg(!sl_test_step(&pair, 0, BATCH), "%s", pair.text);
    sl_test_pair_fini(&pair);
    sl_test_problem_fini(&p);
}
END_TEST

SLUICE_TEST_MAIN("pipeline.embedding",
                 pipelines_at_once_give_the_bits_of_each_alone,
                 one_model_may_serve_several_pipelines,
                 pipelines_that_come_and_go_leave_nothing,
                 the_hosts_blas_threads_are_given_back,
                 a_step_uses_one_thread_per_device,
                 as_many_devices_as_allowed_work,
                 a_device_too_many_in_the_process_is_refused,
                 a_wait_may_spin_as_long_as_can_be_said,
                 destroying_nothing_is_allowed,
                 the_log_is_called_by_the_creating_thread_in_single_lines,
                 the_device_map_covers_the_layers_in_order)

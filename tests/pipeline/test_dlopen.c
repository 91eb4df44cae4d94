/*
 * The shared library as a plug-in: loaded, used and unloaded many times it
 * leaves neither threads nor descriptors nor memory.  Linked with nothing of
 * ours, so that unloading it unloads what it stands on.
 */
#include <dlfcn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sluice/sluice.h>

#include "support/process.h"
#include "support/runner.h"

enum { CYCLES = 50, BATCH = 8, IN = 4, OUT = 2 };

/* The functions that are used here. */
struct library {
    void *handle;
    __typeof__(sluice_model_parse) *model_parse;
    __typeof__(sluice_model_destroy) *model_destroy;
    __typeof__(sluice_pipeline_create) *pipeline_create;
    __typeof__(sluice_pipeline_destroy) *pipeline_destroy;
    __typeof__(sluice_pipeline_step) *pipeline_step;
    __typeof__(sluice_mean_squared_error) *mean_squared_error;
    __typeof__(sluice_sgd) *sgd;
};

static void *find(const struct library *library, const char *name)
{
    void *function = dlsym(library->handle, name);
    ck_assert_msg(function != NULL, "%s", name);
    return function;
}

static void load(struct library *library)
{
    library->handle = dlopen(SL_TEST_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    ck_assert_msg(library->handle != NULL, "%s", dlerror());
    *(void **)&library->model_parse = find(library, "sluice_model_parse");
    *(void **)&library->model_destroy = find(library, "sluice_model_destroy");
    *(void **)&library->pipeline_create =
        find(library, "sluice_pipeline_create");
    *(void **)&library->pipeline_destroy =
        find(library, "sluice_pipeline_destroy");
    *(void **)&library->pipeline_step = find(library, "sluice_pipeline_step");
    *(void **)&library->mean_squared_error =
        find(library, "sluice_mean_squared_error");
    *(void **)&library->sgd = find(library, "sluice_sgd");
}

/* A step of a pipeline, which is made for it and let go.  Returns its loss. */
static double train(const struct library *library)
{
    float x[BATCH * IN], targets[BATCH * OUT] = {0};
    for (int i = 0; i < BATCH * IN; i++)
        x[i] = (float)(i % 7) - 3;
    sluice_model *model;
    sluice_pipeline *pipe;
    sluice_result result;
    sluice_diag why = {0};
    sluice_sgd_config sgd = {.learning_rate = 0.1};
    ck_assert_msg(!library->model_parse("4-8-8-2", NULL, &model, &why), "%s",
                  why.text);
    sluice_pipeline_config config = {
        .schedule = {.devices = 3, .microbatches = 4},
        .batch = BATCH,
        .loss = library->mean_squared_error(),
        .optimizer = library->sgd(),
        .optimizer_config = &sgd,
    };
    ck_assert_msg(!library->pipeline_create(&config, model, &pipe, &why), "%s",
                  why.text);
    ck_assert_msg(
        !library->pipeline_step(pipe, x, targets, BATCH, &result, &why), "%s",
        why.text);
    library->pipeline_destroy(pipe);
    library->model_destroy(model);
    return result.loss;
}

static double come_and_go(void)
{
    struct library library;
    load(&library);
    double loss = train(&library);
    ck_assert_int_eq(dlclose(library.handle), 0);
    return loss;
}

START_TEST(a_library_that_comes_and_goes_leaves_nothing)
{
    double loss = come_and_go(); /* what stays is there now */
    come_and_go();
    ck_assert(loss > 0);
    int threads = sl_test_threads_at_rest(),
        descriptors = sl_test_descriptors();
    long resident = sl_test_resident_kib();
    for (int i = 0; i < CYCLES; i++)
        ck_assert(come_and_go() == loss);
    ck_assert(sl_test_threads_return_to(threads));
    ck_assert_int_eq(sl_test_descriptors(), descriptors);
    ck_assert_int_le(sl_test_resident_kib() - resident, 1024);
}
END_TEST

START_TEST(it_is_gone_when_it_is_closed)
{
    come_and_go();
    ck_assert_ptr_null(dlopen(SL_TEST_LIBRARY, RTLD_NOW | RTLD_NOLOAD));
}
END_TEST

/* Its handlers of fork() are gone with it. */
START_TEST(a_program_that_has_closed_it_can_fork)
{
    int status;
    come_and_go();
    pid_t pid = fork();
    if (!pid)
        _exit(0);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
}
END_TEST

SLUICE_TEST_MAIN("pipeline.dlopen",
                 a_library_that_comes_and_goes_leaves_nothing,
                 it_is_gone_when_it_is_closed,
                 a_program_that_has_closed_it_can_fork)

/* Weights of a pipeline to and from a file of safetensors. */
#include <sluice/checkpoint.h>
#include <sluice/loss.h>

#include <stdio.h>
#include <unistd.h>

#include "pipeline/pieces/kept.h"
#include "damage.h"
#include "pipeline/parameters.h"
#include "support/allocator.h"
#include "support/runner.h"

enum { IN = 3, OUT = 2, N_VALUES = IN * OUT + OUT };

static char path[] = "/tmp/sluice-weights-XXXXXX";

/* A header, and values 1, 2, 3, ... for all that it names. */
static void write_file(const char *header, int n)
{
    uint64_t bytes = strlen(header);
    memcpy(path + sizeof path - 7, "XXXXXX", 6);
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    FILE *file = fdopen(fd, "wb");
    fwrite(&bytes, sizeof bytes, 1, file);
    fwrite(header, 1, bytes, file);
    for (int i = 0; i < n; i++) {
        float value = (float)(i + 1);
        fwrite(&value, sizeof value, 1, file);
    }
    ck_assert_int_eq(fclose(file), 0);
}

static const char whole[] =
    "{\"0.bias\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
    "\"0.weight\":{\"dtype\":\"F32\",\"shape\":[3,2],"
    "\"data_offsets\":[8,32]}}";

static const char transposed[] =
    "{\"0.bias\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
    "\"0.weight\":{\"dtype\":\"F32\",\"shape\":[2,3],"
    "\"data_offsets\":[8,32]}}";

static const char partial[] =
    "{\"0.bias\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}";

static const char stranger[] =
    "{\"9.bias\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}";

/* What another optimizer has kept comes before a tensor that nobody knows. */
static const char state_then_stranger[] =
    "{\"0.bias\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
    "\"0.weight\":{\"dtype\":\"F32\",\"shape\":[3,2],"
    "\"data_offsets\":[8,32]},"
    "\"state0.0.bias\":{\"dtype\":\"F32\",\"shape\":[2],"
    "\"data_offsets\":[32,40]},"
    "\"stranger\":{\"dtype\":\"F32\",\"shape\":[2],"
    "\"data_offsets\":[40,48]}}";

/* Tensors of a model that this process does not hold, as in a world. */
static const char *elsewhere; /* its name; NULL: none */

struct sl_kept __real_sl_kept_of(const sluice_pipeline *pipe,
                                 const sluice_state_tensor *at);
struct sl_kept __wrap_sl_kept_of(const sluice_pipeline *pipe,
                                 const sluice_state_tensor *at);

struct sl_kept __wrap_sl_kept_of(const sluice_pipeline *pipe,
                                 const sluice_state_tensor *at)
{
    bool is_here = !elsewhere || strcmp(at->name, elsewhere) != 0;
    return is_here ? __real_sl_kept_of(pipe, at) : (struct sl_kept){0};
}

struct fixture {
    sluice_model *model;
    sluice_pipeline *pipe;
};

static void begin_with(struct fixture *f, const sluice_allocator *allocator)
{
    static const sluice_sgd_config sgd = {.learning_rate = 0.1};
    ck_assert_int_eq(sluice_model_parse("3-2", NULL, &f->model, NULL),
                     SLUICE_OK);
    const sluice_pipeline_config config = {
        .schedule = {.devices = 1, .microbatches = 1},
        .batch = 1,
        .loss = sluice_mean_squared_error(),
        .optimizer = sluice_sgd(),
        .optimizer_config = &sgd,
        .allocator = allocator,
    };
    ck_assert_int_eq(sluice_pipeline_create(&config, f->model, &f->pipe, NULL),
                     SLUICE_OK);
}

static void begin(struct fixture *f)
{
    begin_with(f, NULL);
}

static void end(struct fixture *f)
{
    sluice_pipeline_destroy(f->pipe);
    sluice_model_destroy(f->model);
    unlink(path);
}

static void get_all(const sluice_pipeline *pipe, float values[N_VALUES])
{
    sluice_pipeline_get_parameter(pipe, "0.bias", values, OUT, NULL);
    sluice_pipeline_get_parameter(pipe, "0.weight", values + OUT, IN * OUT,
                                  NULL);
}

START_TEST(every_parameter_gets_the_tensor_of_its_name)
{
    struct fixture f;
    float bias[OUT];
    float weight[IN * OUT];
    begin(&f);
    write_file(whole, N_VALUES);
    ck_assert_int_eq(
        sluice_pipeline_load_weights(f.pipe, f.model, path, NULL, NULL),
        SLUICE_OK);
    sluice_pipeline_get_parameter(f.pipe, "0.bias", bias, OUT, NULL);
    sluice_pipeline_get_parameter(f.pipe, "0.weight", weight, IN * OUT, NULL);
    for (int i = 0; i < N_VALUES; i++)
        ck_assert_float_eq(i < OUT ? bias[i] : weight[i - OUT], (float)(i + 1));
    end(&f);
}
END_TEST

static void assert_refused(const char *header, int n, sluice_status status,
                           const char *text)
{
    struct fixture f;
    sluice_diag why;
    begin(&f);
    write_file(header, n);
    ck_assert_int_eq(sluice_pipeline_load_weights_as(f.pipe, f.model,
                                                     SLUICE_LAYOUT_SLUICE, path,
                                                     NULL, &why),
                     status);
    ck_assert_msg(strstr(why.text, text), "\"%s\"", why.text);
    end(&f);
}

START_TEST(what_does_not_fit_is_refused_by_name)
{
    assert_refused(transposed, N_VALUES, SLUICE_INVALID,
                   "\"0.weight\" of the weights has shape [2, 3], but the "
                   "model wants [3, 2]; it fits transposed: Sluice's layout is "
                   "[in, out], PyTorch's [out, in]");
    assert_refused(partial, OUT, SLUICE_INVALID,
                   "the weights have no tensor \"0.weight\"");
    assert_refused(stranger, OUT, SLUICE_NOT_FOUND, "9.bias");
    assert_refused(state_then_stranger, N_VALUES + 2 * OUT, SLUICE_NOT_FOUND,
                   "stranger");
}
END_TEST

START_TEST(tensors_that_are_held_elsewhere_are_left_as_they_are)
{
    static const char *const names[] = {"0.weight", "0.bias"};
    for (int t = 0; t < 2; t++) {
        struct fixture f;
        float before[N_VALUES], after[N_VALUES];
        begin(&f);
        get_all(f.pipe, before);
        write_file(whole, N_VALUES);
        elsewhere = names[t];
        ck_assert_int_eq(
            sluice_pipeline_load_weights(f.pipe, f.model, path, NULL, NULL),
            SLUICE_OK);
        elsewhere = NULL;
        get_all(f.pipe, after);
        for (int i = 0; i < N_VALUES; i++)
            ck_assert_float_eq(
                after[i], (i < OUT) == (t == 1) ? before[i] : (float)(i + 1));
        end(&f);
    }
}
END_TEST

START_TEST(every_allocation_may_fail)
{
    struct fixture f;
    struct sl_test_allocator memory;
    sluice_status st = SLUICE_NO_MEMORY;
    long at = 0;
    begin(&f);
    write_file(whole, N_VALUES);
    sl_test_allocator_init(&memory);
    while (st == SLUICE_NO_MEMORY && at++ < 1000) {
        sl_test_allocator_arm(&memory, at, false);
        st = sluice_pipeline_load_weights(f.pipe, f.model, path, &memory.hooks,
                                          NULL);
        ck_assert_int_eq(memory.n_live, 0);
    }
    ck_assert_int_eq(st, SLUICE_OK);
    ck_assert_int_gt(at, 2);
    ck_assert_int_eq(memory.n_wrong, 0);
    end(&f);
}
END_TEST

START_TEST(saved_weights_are_loaded_bit_for_bit)
{
    struct fixture f, g;
    float saved[N_VALUES], loaded[N_VALUES];
    static const float zeros[IN * OUT] = {-0.0f};
    begin(&f);
    begin(&g);
    write_file(whole, 0); /* to be replaced */
    ck_assert_int_eq(sluice_pipeline_save_weights(f.pipe, path, NULL),
                     SLUICE_OK);
    get_all(f.pipe, saved);
    sluice_pipeline_set_parameter(g.pipe, "0.weight", zeros, IN * OUT, NULL);
    ck_assert_int_eq(
        sluice_pipeline_load_weights(g.pipe, g.model, path, NULL, NULL),
        SLUICE_OK);
    get_all(g.pipe, loaded);
    ck_assert_mem_eq(saved, loaded, sizeof saved);
    end(&g);
    end(&f);
}
END_TEST

/* As long as a pipeline is there, its weights are the last good ones. */
START_TEST(weights_that_are_refused_change_nothing)
{
    static const char lacks_the_second[] =
        "{\"0.bias\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,"
        "8]}}";
    struct fixture f;
    float before[N_VALUES], after[N_VALUES];
    begin(&f);
    get_all(f.pipe, before);
    write_file(lacks_the_second, OUT);
    ck_assert_int_eq(
        sluice_pipeline_load_weights(f.pipe, f.model, path, NULL, NULL),
        SLUICE_INVALID);
    get_all(f.pipe, after);
    ck_assert_mem_eq(before, after, sizeof before);
    end(&f);
}
END_TEST

static bool is_refused(void *context)
{
    struct fixture *f = context;
    sluice_diag why = {.status = SLUICE_OK};
    sluice_status st =
        sluice_pipeline_load_weights(f->pipe, f->model, path, NULL, &why);
    return st && strstr(why.text, path);
}

START_TEST(every_damage_is_refused_with_the_file_and_changes_nothing)
{
    struct fixture f;
    float before[N_VALUES], after[N_VALUES];
    long n;
    begin(&f);
    write_file(whole, 0);
    ck_assert_int_eq(sluice_pipeline_save_weights(f.pipe, path, NULL),
                     SLUICE_OK);
    get_all(f.pipe, before);
    ck_assert_int_eq(sl_test_damage(path, 10000, is_refused, &f, &n), 0);
    ck_assert_int_gt(n, 2000);
    get_all(f.pipe, after);
    ck_assert_mem_eq(before, after, sizeof before);
    ck_assert_int_eq(is_refused(&f), false); /* as it was, it is sound */
    end(&f);
}
END_TEST

START_TEST(a_save_that_fails_names_the_path)
{
    struct fixture f;
    sluice_diag why;
    begin(&f);
    ck_assert_int_eq(
        sluice_pipeline_save_weights(f.pipe, "/nowhere/weights", &why),
        SLUICE_IO);
    ck_assert(strstr(why.text, "/nowhere/weights"));
    end(&f);
}
END_TEST

START_TEST(every_allocation_of_a_save_may_fail)
{
    struct fixture f;
    struct sl_test_allocator memory;
    sluice_status st = SLUICE_NO_MEMORY;
    long at = 0;
    sl_test_allocator_init(&memory);
    begin_with(&f, &memory.hooks);
    write_file(whole, N_VALUES);
    long live = memory.n_live;
    while (st == SLUICE_NO_MEMORY && at++ < 1000) {
        sl_test_allocator_arm(&memory, at, false);
        st = sluice_pipeline_save_weights(f.pipe, path, NULL);
        sl_test_allocator_arm(&memory, 0, false);
        ck_assert_int_eq(memory.n_live, live);
        ck_assert_int_eq(
            sluice_pipeline_load_weights(f.pipe, f.model, path, NULL, NULL),
            SLUICE_OK);
    }
    ck_assert_int_eq(st, SLUICE_OK);
    ck_assert_int_gt(at, 2);
    ck_assert_int_eq(memory.n_wrong, 0);
    end(&f);
}
END_TEST

SLUICE_TEST_MAIN("checkpoint.weights",
                 every_parameter_gets_the_tensor_of_its_name,
                 what_does_not_fit_is_refused_by_name,
                 tensors_that_are_held_elsewhere_are_left_as_they_are,
                 every_allocation_may_fail,
                 saved_weights_are_loaded_bit_for_bit,
                 weights_that_are_refused_change_nothing,
                 every_damage_is_refused_with_the_file_and_changes_nothing,
                 a_save_that_fails_names_the_path,
                 every_allocation_of_a_save_may_fail)

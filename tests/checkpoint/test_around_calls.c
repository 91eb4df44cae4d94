/*
 * What every call that reads or writes a file does around it: the thread cannot
 * be cancelled meanwhile, and can or cannot be as before afterwards; and what
 * is said of a checkpoint of another model.
 */
#include <sluice/checkpoint.h>
#include <sluice/saver.h>

#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "saved.h"
#include "support/allocator.h"
#include "support/runner.h"

static sluice_diag why;

/* An allocator that looks whether the caller can be cancelled. */
static struct {
    struct sl_test_allocator counts;
    sluice_allocator hooks;
    pthread_t caller;
    long n_calls;
    long n_open; /* calls of a thread that could be cancelled */
} watch;

static int cancel_state(void)
{
    int state;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    pthread_setcancelstate(state, NULL);
    return state;
}

static void look(void)
{
    if (!pthread_equal(pthread_self(), watch.caller))
        return;
    watch.n_calls++;
    watch.n_open += cancel_state() == PTHREAD_CANCEL_ENABLE;
}

static void *allocate(void *context, size_t bytes, size_t align)
{
    look();
    return watch.counts.hooks.allocate(context, bytes, align);
}

static void release(void *context, void *block, size_t bytes)
{
    look();
    watch.counts.hooks.release(context, block, bytes);
}

static void begin(struct saved *f)
{
    sl_test_allocator_init(&watch.counts);
    watch.hooks = watch.counts.hooks;
    watch.hooks.allocate = allocate;
    watch.hooks.release = release;
    watch.caller = pthread_self();
    saved_begin(f, &watch.hooks);
    watch.n_calls = watch.n_open = 0;
}

typedef sluice_status call(struct saved *f);

static sluice_status save(struct saved *f)
{
    return sluice_checkpoint_save(f->pipe, NULL, saved_path, &why);
}

static sluice_status load(struct saved *f)
{
    return sluice_checkpoint_load(f->pipe, saved_path, NULL, NULL, &why);
}

static sluice_status inspect(struct saved *f)
{
    sluice_run run;
    uint64_t n_steps;
    (void)f;
    return sluice_checkpoint_inspect(saved_path, &run, &n_steps, &watch.hooks,
                                     &why);
}

static sluice_status save_weights(struct saved *f)
{
    return sluice_pipeline_save_weights(f->pipe, saved_path, &why);
}

static sluice_status load_weights(struct saved *f)
{
    return sluice_pipeline_load_weights(f->pipe, f->problem.model, saved_path,
                                        &watch.hooks, &why);
}

static sluice_saver *saver;

static sluice_status create_saver(struct saved *f)
{
    return sluice_saver_create(f->pipe, &watch.hooks, &saver, &why);
}

static sluice_status start_saver(struct saved *f)
{
    (void)f;
    const char *const paths[] = {saved_path, saved_path, saved_path,
                                 saved_path};
    return sluice_saver_start(saver, NULL, paths, SLUICE_SAVER_PATHS, &why);
}

static sluice_status join_saver(struct saved *f)
{
    sluice_saving saving;
    (void)f;
    sluice_status st = sluice_saver_join(saver, &saving, &why);
    ck_assert_int_eq(saving.n_written, SLUICE_SAVER_PATHS);
    return st;
}

static sluice_status destroy_saver(struct saved *f)
{
    (void)f;
    sluice_saver_destroy(saver);
    return SLUICE_OK;
}

START_TEST(no_call_can_be_cancelled_in_the_middle)
{
    static const struct {
        const char *name;
        call *make;
        bool is_shown; /* it allocates, so that it can be looked at */
    } calls[] = {
        {"save", save, true},
        {"load", load, true},
        {"inspect", inspect, true},
        {"create saver", create_saver, true},
        {"start saver", start_saver, false},
        {"join saver", join_saver, false},
        {"destroy saver", destroy_saver, true},
        {"save weights", save_weights, true},
        {"load weights", load_weights, true},
    };
    struct saved f;
    begin(&f);
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        watch.n_calls = watch.n_open = 0;
        ck_assert_msg(!calls[i].make(&f), "%s: %s", calls[i].name, why.text);
        if (calls[i].is_shown)
            ck_assert_msg(watch.n_open == 0 && watch.n_calls > 0, "%s",
                          calls[i].name);
        ck_assert_msg(cancel_state() == PTHREAD_CANCEL_ENABLE, "%s",
                      calls[i].name);
    }
    saved_end(&f);
}
END_TEST

START_TEST(a_caller_who_cannot_be_cancelled_stays_so)
{
    struct saved f;
    begin(&f);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    ck_assert(!save(&f) && !load(&f) && !inspect(&f));
    ck_assert(!create_saver(&f) && !start_saver(&f) && !join_saver(&f));
    ck_assert(!destroy_saver(&f) && !save_weights(&f) && !load_weights(&f));
    ck_assert_int_eq(cancel_state(), PTHREAD_CANCEL_DISABLE);
    saved_end(&f);
}
END_TEST

/* Load a checkpoint of the model called `was` into one called `is`, whose
 * tensors are others. */
static void load_other(const char *was, const char *is)
{
    struct saved f;
    sluice_model *model;
    sluice_pipeline *other;
    sluice_run run = {.model = was};
    begin(&f);
    ck_assert(!sluice_checkpoint_save(f.pipe, &run, saved_path, &why));
    ck_assert(!sluice_model_parse("5-7", NULL, &model, NULL));
    sluice_pipeline_config config = f.problem.config;
    config.schedule.devices = 1;
    config.loss = sluice_mean_squared_error();
    config.loss_config = NULL;
    ck_assert_msg(!sluice_pipeline_create(&config, model, &other, &why), "%s",
                  why.text);
    run.model = is;
    why = (sluice_diag){.text = ""};
    ck_assert_int_eq(
        sluice_checkpoint_load(other, saved_path, &run, NULL, &why),
        SLUICE_NOT_FOUND);
    sluice_pipeline_destroy(other);
    sluice_model_destroy(model);
    saved_end(&f);
}

START_TEST(a_checkpoint_of_another_model_is_told_with_both)
{
    static const char text[] = "of another model";
    load_other("the one", "the other");
    ck_assert_msg(strstr(why.text, text) && strstr(why.text, "the one") &&
                      strstr(why.text, "the other"),
                  "%s", why.text);
    load_other("the one", NULL);
    ck_assert_msg(why.text[0] && !strstr(why.text, text), "%s", why.text);
    load_other("the same", "the same");
    ck_assert_msg(why.text[0] && !strstr(why.text, text), "%s", why.text);
    load_other(NULL, "the other");
    ck_assert_msg(why.text[0] && !strstr(why.text, text), "%s", why.text);
}
END_TEST

START_TEST(a_check_saves_nothing)
{
    struct saved f;
    begin(&f);
    ck_assert(!sluice_checkpoint_check(f.pipe, NULL, &why));
    ck_assert_int_eq(saved_n_entries(), 0);
    sl_test_allocator_arm(&watch.counts, 1, false);
    ck_assert_int_eq(sluice_checkpoint_check(f.pipe, NULL, &why),
                     SLUICE_NO_MEMORY);
    sl_test_allocator_arm(&watch.counts, 2, false);
    ck_assert_int_eq(sluice_checkpoint_check(f.pipe, NULL, &why),
                     SLUICE_NO_MEMORY);
    sl_test_allocator_arm(&watch.counts, 0, false);
    ck_assert(!save(&f));
    saved_end(&f);
}
END_TEST

SLUICE_TEST_MAIN("checkpoint.around_calls",
                 no_call_can_be_cancelled_in_the_middle,
                 a_caller_who_cannot_be_cancelled_stays_so,
                 a_checkpoint_of_another_model_is_told_with_both,
                 a_check_saves_nothing)

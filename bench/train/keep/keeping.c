/* Checkpoints of a training.  The main thread. */
#include "bench/train/keep/keeping.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "bench/train/keep/checkpoint_files.h"

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* A checkpoint that is damaged is not the end: there are others. */
static bool is_damage(sluice_status st)
{
    return st == SLUICE_FORMAT || st == SLUICE_IO;
}

/* The newest that can be read; that none can be is an error. */
static sluice_status load_newest(struct keeping *k,
                                 const struct checkpoint_list *list,
                                 sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    for (size_t i = 0; i < list->n; i++) {
        st = checkpoint_path(k->config->dir, list->steps[i], k->newest, why);
        if (!st)
            st = sluice_checkpoint_load(k->pipe, k->newest, &k->run, NULL, why);
        if (!is_damage(st))
            return st;
        fprintf(stderr, "warning   %s; an older checkpoint is tried\n",
                why->text);
    }
    return st;
}

/* What the best one has is in its metadata. */
static sluice_status look_at_best(struct keeping *k, sluice_diag *why)
{
    char path[PATH_MAX];
    sluice_run run = {.n_rows = 0};
    uint64_t n_steps;
    sluice_status st = checkpoint_best_path(k->config->dir, path, why);
    if (st || access(path, F_OK))
        return st;
    st = sluice_checkpoint_inspect(path, &run, &n_steps, NULL, why);
    if (is_damage(st)) {
        fprintf(stderr, "warning   %s; the next one is the best\n", why->text);
        return SLUICE_OK;
    }
    if (st)
        return st;
    k->has_best = run.was_tested;
    k->best_loss = run.test_loss;
    k->best_accuracy = run.test_accuracy;
    k->best_epoch = run.position.epoch - 1;
    return st;
}

static bool is_first(const struct keeping *k)
{
    return !k->world || sluice_world_rank(k->world) == 0;
}

static sluice_status share_best(struct keeping *k, sluice_status st,
                                sluice_diag *why)
{
    struct {
        bool has;
        int epoch;
        double loss, accuracy;
    } best = {k->has_best, k->best_epoch, k->best_loss, k->best_accuracy};
    st = sluice_world_agree(k->world, st, why);
    if (!st)
        st = sluice_world_share(k->world, 0, &best, sizeof best, why);
    if (st)
        return st;
    k->has_best = best.has;
    k->best_epoch = best.epoch;
    k->best_loss = best.loss;
    k->best_accuracy = best.accuracy;
    return SLUICE_OK;
}

static sluice_status
resume(struct keeping *k, const struct checkpoint_list *list, sluice_diag *why)
{
    if (!k->config->resumes)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "%.200s has a checkpoint of step %" PRIu64
                               "; go on from it with --resume, or name another "
                               "directory",
                               k->config->dir, list->steps[0]);
    sluice_status st = load_newest(k, list, why);
    if (!st)
        st = share_best(k, is_first(k) ? look_at_best(k, why) : SLUICE_OK, why);
    k->saved_step = sluice_pipeline_n_steps(k->pipe);
    return st;
}

/* What is in the directory, as process 0 sees it. */
static sluice_status list_all(const struct keeping *k,
                              struct checkpoint_list *list, sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    *list = (struct checkpoint_list){.n = 0};
    if (is_first(k)) {
        st = checkpoint_directory(k->config->dir, why);
        if (!st)
            st = checkpoint_list_read(list, k->config->dir, why);
    }
    st = sluice_world_agree(k->world, st, why);
    size_t n = list->n;
    if (!st)
        st = sluice_world_share(k->world, 0, &n, sizeof n, why);
    if (!st && !is_first(k))
        st = checkpoint_list_init(list, n, why);
    st = sluice_world_agree(k->world, st, why);
    if (!st)
        st = sluice_world_share(k->world, 0, list->steps,
                                n * sizeof *list->steps, why);
    if (st)
        checkpoint_list_fini(list);
    return st;
}

/* Whether the pipeline can be saved, and room for its copy.  Each process finds
 * out for itself, and all go on or none. */
static sluice_status agree_to_save(struct keeping *k, const sluice_run *run,
                                   sluice_diag *why)
{
    sluice_status st = sluice_world_agree(
        k->world, sluice_checkpoint_check(k->pipe, run, why), why);
    if (!st && k->config->dir)
        st = sluice_saver_create(k->pipe, NULL, &k->saver, why);
    return st;
}

static sluice_status begin_directory(struct keeping *k, sluice_diag *why)
{
    struct checkpoint_list list;
    sluice_status st = list_all(k, &list, why);
    if (st)
        return st;
    if (list.n)
        st = resume(k, &list, why);
    checkpoint_list_fini(&list);
    return st;
}

sluice_status keeping_begin(struct keeping *keeping,
                            const struct keeping_config *config,
                            sluice_pipeline *pipe, sluice_world *world,
                            const sluice_run *run, sluice_diag *why)
{
    *keeping = (struct keeping){
        .config = config,
        .pipe = pipe,
        .world = world,
        .run = *run,
        .saved_ns = now_ns(),
    };
    sluice_status st = SLUICE_OK;
    if (config->dir || config->weights)
        st = agree_to_save(keeping, run, why);
    if (!st && config->dir)
        st = begin_directory(keeping, why);
    if (st)
        keeping_fini(keeping);
    return st;
}

static bool is_better(const struct keeping *k)
{
    if (!k->run.was_tested)
        return false;
    if (!k->has_best || k->run.test_accuracy > k->best_accuracy)
        return true;
    return k->run.test_accuracy == k->best_accuracy &&
           k->run.test_loss < k->best_loss;
}

/* Have a copy written to one file or two; it is safe once it was taken note
 * of. */
static sluice_status start(struct keeping *k, bool best, bool step,
                           sluice_diag *why)
{
    char best_path[PATH_MAX], step_path[PATH_MAX];
    const char *paths[2];
    int n = 0;
    sluice_status st = SLUICE_OK;
    k->saving_step = sluice_pipeline_n_steps(k->pipe);
    if (step)
        k->saved_ns = now_ns();
    if (best) {
        st = checkpoint_best_path(k->config->dir, best_path, why);
        paths[n++] = best_path;
    }
    if (step && !st) {
        st = checkpoint_path(k->config->dir, k->saving_step, step_path, why);
        paths[n++] = step_path;
    }
    if (!st)
        st = sluice_saver_start(k->saver, &k->run, paths, n, why);
    if (st)
        return st;
    k->is_saving = true;
    k->saves_best = best;
    k->saves_step = step;
    k->saving_loss = k->run.test_loss;
    k->saving_accuracy = k->run.test_accuracy;
    k->is_pending = k->is_pending && !step;
    return SLUICE_OK;
}

/* The new one is safe, so older ones go. */
static sluice_status note_step(struct keeping *k, sluice_diag *why)
{
    k->saved_step = k->saving_step;
    k->has_saved = true;
    sluice_status st =
        checkpoint_path(k->config->dir, k->saving_step, k->newest, why);
    if (!st && is_first(k))
        st = checkpoint_prune(k->config->dir, k->saving_step, k->config->keep,
                              why);
    return st;
}

/* Wait until what was started is written, and take note of it. */
static sluice_status finish(struct keeping *k, sluice_diag *why)
{
    sluice_saving saving;
    sluice_status st = sluice_saver_join(k->saver, &saving, why);
    k->is_saving = false;
    if (k->saves_best && saving.n_written > 0) {
        k->has_best = true;
        k->best_loss = k->saving_loss;
        k->best_accuracy = k->saving_accuracy;
    }
    if (k->on_saved && saving.n_written > 0)
        k->on_saved(k->context, &saving);
    if (st)
        k->is_pending = k->is_pending || k->saves_step;
    else if (k->saves_step)
        st = note_step(k, why);
    return sluice_world_agree(k->world, st, why);
}

static void tell_failure(const struct keeping *k, const sluice_diag *why)
{
    fprintf(stderr,
            "warning   step %" PRIu64 " is not saved: %s; training goes on\n",
            k->saving_step, why->text);
}

void keeping_settle(struct keeping *keeping)
{
    sluice_diag why;
    if (keeping->is_saving && finish(keeping, &why))
        tell_failure(keeping, &why);
}

/* Whether the writer is at work, as process 0 has it: all settle at the same
 * step.  The others' writers end when they hear of it. */
static bool is_writing(const struct keeping *k)
{
    bool is = sluice_saver_is_busy(k->saver);
    return !sluice_world_share(k->world, 0, &is, sizeof is, NULL) && is;
}

/* Of the newest checkpoint, the one under way included. */
static uint64_t last_step(const struct keeping *k)
{
    return k->is_saving && k->saves_step ? k->saving_step : k->saved_step;
}

/* At the end of an epoch, unless steps or a time are given; the time is that of
 * process 0. */
static bool is_time(const struct keeping *k, const sluice_progress *p)
{
    const struct keeping_config *config = k->config;
    bool is = now_ns() - k->saved_ns >= config->every_ns;
    if (config->every_ns)
        return !sluice_world_share(k->world, 0, &is, sizeof is, NULL) && is;
    if (config->every_steps)
        return p->step - last_step(k) >= config->every_steps;
    return p->epoch_end;
}

void keeping_progress(struct keeping *keeping, const sluice_progress *progress,
                      bool tests)
{
    sluice_run *run = &keeping->run;
    sluice_diag why;
    run->position = progress->position;
    run->was_tested = progress->epoch_end && tests;
    run->test_loss = run->was_tested ? progress->test_loss : 0;
    run->test_accuracy = run->was_tested ? progress->test_accuracy : 0;
    keeping->is_pending = true;
    if (!keeping->config->dir)
        return;
    if (keeping->is_saving && !is_writing(keeping))
        keeping_settle(keeping);
    if (!run->was_tested && !is_time(keeping, progress))
        return;
    keeping_settle(keeping); /* it says which one is the best so far */
    bool best = is_better(keeping);
    bool step = is_time(keeping, progress);
    if ((best || step) && start(keeping, best, step, &why))
        tell_failure(keeping, &why);
}

sluice_status keeping_end_checkpoints(struct keeping *keeping, sluice_diag *why)
{
    keeping_settle(keeping);
    if (!keeping->config->dir || !keeping->is_pending)
        return SLUICE_OK;
    sluice_status st = start(keeping, false, true, why);
    return st ? st : finish(keeping, why);
}

sluice_status keeping_end(struct keeping *keeping, sluice_diag *why)
{
    const struct keeping_config *config = keeping->config;
    const sluice_preparation rows = {
        .tokenizer = keeping->run.tokenizer,
        .mean = keeping->mean,
        .deviation = keeping->deviation,
    };
    sluice_status st = keeping_end_checkpoints(keeping, why);
    if (!st && config->weights)
        st = sluice_pipeline_save_model_as(
            keeping->pipe, &rows, (sluice_weights_layout)config->layout,
            config->weights, why);
    return st;
}

bool keeping_has_reached(const struct keeping *keeping, double target_accuracy)
{
    return target_accuracy > 0 && keeping->run.was_tested &&
           keeping->run.test_accuracy >= target_accuracy;
}

void keeping_tell_stop(const struct keeping *keeping, const char *signal)
{
    fprintf(stderr, "stopped   by %s after step %" PRIu64 ", epoch %d; ",
            signal, sluice_pipeline_n_steps(keeping->pipe),
            keeping->run.position.epoch);
    if (keeping->config->dir)
        fprintf(stderr, "saved as %s, go on with --resume\n", keeping->newest);
    else
        fprintf(stderr, "no checkpoint is kept without --checkpoint\n");
}

void keeping_fini(struct keeping *keeping)
{
    keeping_settle(keeping);
    sluice_saver_destroy(keeping->saver);
    keeping->saver = NULL;
}

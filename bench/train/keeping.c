/* Checkpoints of a training.  The main thread. */
#include "bench/train/keeping.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "bench/train/checkpoint_files.h"

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
    k->has_best = !st && run.was_tested;
    k->best_loss = run.test_loss;
    k->best_accuracy = run.test_accuracy;
    return st;
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
        st = look_at_best(k, why);
    k->saved_step = sluice_pipeline_n_steps(k->pipe);
    return st;
}

sluice_status keeping_begin(struct keeping *keeping,
                            const struct keeping_config *config,
                            sluice_pipeline *pipe, const sluice_run *run,
                            sluice_diag *why)
{
    struct checkpoint_list list;
    *keeping = (struct keeping){
        .config = config,
        .pipe = pipe,
        .run = *run,
        .saved_ns = now_ns(),
    };
    if (!config->dir)
        return SLUICE_OK;
    sluice_status st = checkpoint_directory(config->dir, why);
    if (!st)
        st = checkpoint_list_read(&list, config->dir, why);
    if (st)
        return st;
    if (list.n)
        st = resume(keeping, &list, why);
    checkpoint_list_fini(&list);
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

static sluice_status save_best(struct keeping *k, sluice_diag *why)
{
    char path[PATH_MAX];
    sluice_status st = checkpoint_best_path(k->config->dir, path, why);
    if (!st)
        st = sluice_checkpoint_save(k->pipe, &k->run, path, why);
    if (st)
        return st;
    k->has_best = true;
    k->best_loss = k->run.test_loss;
    k->best_accuracy = k->run.test_accuracy;
    return SLUICE_OK;
}

/* Older ones go once the new one is safe. */
static sluice_status save(struct keeping *k, sluice_diag *why)
{
    char path[PATH_MAX];
    uint64_t step = sluice_pipeline_n_steps(k->pipe);
    k->saved_ns = now_ns();
    sluice_status st = checkpoint_path(k->config->dir, step, path, why);
    if (!st)
        st = sluice_checkpoint_save(k->pipe, &k->run, path, why);
    if (st)
        return st;
    snprintf(k->newest, sizeof k->newest, "%s", path);
    k->saved_step = step;
    k->has_saved = true;
    k->is_pending = false;
    return checkpoint_prune(k->config->dir, step, k->config->keep, why);
}

/* At the end of an epoch, unless steps or a time are given. */
static bool is_time(const struct keeping *k, const sluice_progress *p)
{
    const struct keeping_config *config = k->config;
    if (config->every_ns)
        return now_ns() - k->saved_ns >= config->every_ns;
    if (config->every_steps)
        return p->step - k->saved_step >= config->every_steps;
    return p->epoch_end;
}

void keeping_progress(struct keeping *keeping, const sluice_progress *progress,
                      bool tests)
{
    sluice_run *run = &keeping->run;
    sluice_diag why;
    sluice_status st = SLUICE_OK;
    run->position = progress->position;
    run->was_tested = progress->epoch_end && tests;
    run->test_loss = run->was_tested ? progress->test_loss : 0;
    run->test_accuracy = run->was_tested ? progress->test_accuracy : 0;
    keeping->is_pending = true;
    if (!keeping->config->dir)
        return;
    if (is_better(keeping))
        st = save_best(keeping, &why);
    if (!st && is_time(keeping, progress))
        st = save(keeping, &why);
    if (st)
        fprintf(stderr,
                "warning   step %" PRIu64
                " is not saved: %s; training goes on\n",
                progress->step, why.text);
}

sluice_status keeping_end_checkpoints(struct keeping *keeping, sluice_diag *why)
{
    if (keeping->config->dir && keeping->is_pending)
        return save(keeping, why);
    return SLUICE_OK;
}

sluice_status keeping_end(struct keeping *keeping, sluice_diag *why)
{
    const struct keeping_config *config = keeping->config;
    sluice_status st = keeping_end_checkpoints(keeping, why);
    if (!st && config->weights)
        st = sluice_pipeline_save_model(keeping->pipe, keeping->run.tokenizer,
                                        config->weights, why);
    return st;
}

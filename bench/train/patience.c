/* Early stopping.  The main thread. */
#include "bench/train/patience.h"

#include <stdlib.h>

#include <sluice/dataset.h>
#include <sluice/pipeline_state.h>

#include "bench/train/keep/checkpoint_files.h"

sluice_status patience_init(struct patience *patience, int epochs,
                            const sluice_model *model,
                            const sluice_pipeline *pipe, sluice_diag *why)
{
    *patience =
        (struct patience){.epochs = epochs, .model = model, .pipe = pipe};
    if (!epochs)
        return SLUICE_OK;
    sluice_parameter at = {0};
    size_t n = 1, most = 1; /* calloc(0) may give NULL */
    while (sluice_model_next_parameter(model, &at)) {
        if (sluice_pipeline_holds(pipe, at.name))
            n += (size_t)at.n;
        else if ((size_t)at.n > most)
            most = (size_t)at.n;
    }
    patience->best = calloc(n, sizeof *patience->best);
    patience->room = calloc(most, sizeof *patience->room);
    if (patience->best && patience->room)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_NO_MEMORY,
                           "out of memory for a copy of the best parameters");
}

void patience_fini(struct patience *patience)
{
    free(patience->best);
    free(patience->room);
    *patience = (struct patience){0};
}

static sluice_status read_best(struct patience *p, const char *path,
                               sluice_diag *why)
{
    sluice_safetensors *file;
    sluice_parameter at = {0};
    float *values = p->best;
    sluice_status st = sluice_safetensors_open(path, 0, NULL, &file, why);
    if (st)
        return st;
    while (!st && sluice_model_next_parameter(p->model, &at)) {
        if (!sluice_pipeline_holds(p->pipe, at.name))
            continue;
        st = sluice_safetensors_read(file, at.name, values, at.n, why);
        values += at.n;
    }
    sluice_safetensors_close(file);
    return st;
}

sluice_status patience_resume(struct patience *patience,
                              const struct patience_past *past,
                              sluice_diag *why)
{
    struct patience *p = patience;
    sluice_status st = p->epochs ? read_best(p, past->path, why) : SLUICE_OK;
    if (st || !p->epochs)
        return st;
    p->has_best = true;
    p->best_epoch = past->best_epoch;
    p->loss = past->loss;
    p->accuracy = past->accuracy;
    p->since = past->epochs_done > past->best_epoch
                   ? past->epochs_done - past->best_epoch
                   : 0;
    return SLUICE_OK;
}

sluice_status patience_resume_kept(struct patience *patience,
                                   const struct keeping *keeping,
                                   sluice_diag *why)
{
    char path[PATH_MAX];
    if (!keeping->has_best)
        return SLUICE_OK;
    sluice_status st = checkpoint_best_path(keeping->config->dir, path, why);
    const struct patience_past past = {
        .path = path,
        .best_epoch = keeping->best_epoch,
        .epochs_done = keeping->run.position.epoch - 1,
        .loss = keeping->best_loss,
        .accuracy = keeping->best_accuracy,
    };
    return st ? st : patience_resume(patience, &past, why);
}

bool patience_is_over(const struct patience *patience)
{
    return patience->epochs && patience->since >= patience->epochs;
}

/* An epoch that is made again after a resumption, the best one, is it again. */
static bool is_better(const struct patience *p, const sluice_progress *now)
{
    if (!p->has_best || now->test_accuracy > p->accuracy ||
        now->epoch == p->best_epoch)
        return true;
    return now->test_accuracy == p->accuracy && now->test_loss < p->loss;
}

/* Reading is a call of all processes, whichever holds the parameter. */
static void keep(struct patience *p, const sluice_pipeline *pipe)
{
    sluice_parameter at = {0};
    float *values = p->best;
    while (sluice_model_next_parameter(p->model, &at)) {
        bool holds = sluice_pipeline_holds(pipe, at.name);
        sluice_pipeline_get_parameter(pipe, at.name, holds ? values : p->room,
                                      at.n, NULL);
        values += holds ? at.n : 0;
    }
}

bool patience_epoch(struct patience *patience, const sluice_pipeline *pipe,
                    const sluice_progress *progress)
{
    struct patience *p = patience;
    if (!p->epochs)
        return true;
    if (!is_better(p, progress))
        return ++p->since < p->epochs;
    keep(p, pipe);
    p->has_best = true;
    p->best_epoch = progress->epoch;
    p->loss = progress->test_loss;
    p->accuracy = progress->test_accuracy;
    p->since = 0;
    return true;
}

sluice_status patience_restore(const struct patience *patience,
                               sluice_pipeline *pipe, sluice_diag *why)
{
    sluice_parameter at = {0};
    const float *values = patience->best;
    sluice_status st = SLUICE_OK;
    if (!patience->has_best || !patience->since)
        return SLUICE_OK;
    while (!st && sluice_model_next_parameter(patience->model, &at)) {
        if (!sluice_pipeline_holds(pipe, at.name))
            continue;
        st = sluice_pipeline_set_parameter(pipe, at.name, values, at.n, why);
        values += at.n;
    }
    return st;
}

/* Early stopping.  The main thread. */
#include "bench/train/patience.h"

#include <stdlib.h>
#include <string.h>

#include <sluice/dataset.h>
#include <sluice/pipeline_state.h>
#include <sluice/reshape.h>

#include "bench/train/keep/checkpoint_files.h"

static sluice_status no_memory(sluice_diag *why)
{
    return sluice_diag_set(why, SLUICE_NO_MEMORY,
                           "out of memory for a copy of the best parameters");
}

/* Room for what this process holds. */
static float *make_room(const struct patience *p)
{
    sluice_parameter at = {0};
    size_t n = 1; /* calloc(0) may give NULL */
    while (sluice_model_next_parameter(p->model, &at))
        n += sluice_pipeline_holds(p->pipe, at.name) ? (size_t)at.n : 0;
    return calloc(n, sizeof(float));
}

sluice_status patience_init(struct patience *patience, int epochs,
                            const sluice_model *model,
                            const sluice_pipeline *pipe, sluice_world *world,
                            sluice_diag *why)
{
    struct patience *p = patience;
    sluice_parameter at = {0};
    size_t most = 1;
    *p = (struct patience){
        .epochs = epochs, .model = model, .pipe = pipe, .world = world};
    if (!epochs)
        return SLUICE_OK;
    while (sluice_model_next_parameter(model, &at)) {
        p->n_parameters++;
        most = (size_t)at.n > most ? (size_t)at.n : most;
    }
    p->n_reshapes = sluice_pipeline_n_reshapes(pipe);
    p->best = make_room(p);
    p->kept = calloc(p->n_parameters + 1, sizeof *p->kept);
    p->others = calloc(p->n_parameters + 1, sizeof *p->others);
    p->keepers = calloc(p->n_parameters + 1, sizeof *p->keepers);
    p->room = calloc(most, sizeof *p->room);
    bool is_there = p->best && p->kept && p->others && p->keepers && p->room;
    return is_there ? SLUICE_OK : no_memory(why);
}

void patience_fini(struct patience *patience)
{
    free(patience->best);
    free(patience->kept);
    free(patience->others);
    free(patience->keepers);
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
    for (size_t i = 0; !st && sluice_model_next_parameter(p->model, &at); i++) {
        p->kept[i] = sluice_pipeline_holds(p->pipe, at.name);
        if (!p->kept[i])
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

/* In another shape a process may hold more.  All have reshaped. */
static sluice_status follow_shape(struct patience *p)
{
    uint64_t n_reshapes = sluice_pipeline_n_reshapes(p->pipe);
    if (p->n_reshapes == n_reshapes)
        return SLUICE_OK;
    float *best = make_room(p);
    sluice_status st = best ? SLUICE_OK : no_memory(&p->failure);
    st = sluice_world_agree(p->world, st, &p->failure);
    if (st) {
        free(best);
        return st;
    }
    free(p->best);
    p->best = best;
    p->n_reshapes = n_reshapes;
    return SLUICE_OK;
}

/* Reading is a call of all processes, whichever holds the parameter. */
static void keep(struct patience *p, const sluice_pipeline *pipe)
{
    sluice_parameter at = {0};
    float *values = p->best;
    for (size_t i = 0; sluice_model_next_parameter(p->model, &at); i++) {
        bool holds = sluice_pipeline_holds(pipe, at.name);
        sluice_pipeline_get_parameter(pipe, at.name, holds ? values : p->room,
                                      at.n, NULL);
        p->kept[i] = holds;
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
    if (follow_shape(p))
        return false;
    keep(p, pipe);
    p->has_best = true;
    p->best_epoch = progress->epoch;
    p->loss = progress->test_loss;
    p->accuracy = progress->test_accuracy;
    p->since = 0;
    return true;
}

/* Find for each parameter the first process that has kept it. */
static sluice_status find_keepers(const struct patience *p, sluice_diag *why)
{
    size_t bytes = p->n_parameters * sizeof *p->kept;
    int r = p->world ? sluice_world_size(p->world) : 1;
    sluice_status st = SLUICE_OK;
    while (r-- > 0 && !st) {
        memcpy(p->others, p->kept, bytes);
        st = sluice_world_share(p->world, r, p->others, bytes, why);
        for (size_t i = 0; i < p->n_parameters; i++)
            p->keepers[i] = p->others[i] ? r : p->keepers[i];
    }
    return st;
}

/* The next parameter, of which `*values` are those behind it here. */
static sluice_status give(const struct patience *p, size_t i, bool moved,
                          const sluice_parameter *at, const float **values,
                          sluice_pipeline *pipe, sluice_diag *why)
{
    size_t bytes = (size_t)at->n * sizeof **values;
    sluice_status st = SLUICE_OK;
    if (p->kept[i]) {
        memcpy(p->room, *values, bytes);
        *values += at->n;
    }
    if (moved)
        st = sluice_world_share(p->world, p->keepers[i], p->room, bytes, why);
    if (st || !sluice_pipeline_holds(pipe, at->name))
        return st;
    return sluice_pipeline_set_parameter(pipe, at->name, p->room, at->n, why);
}

sluice_status patience_restore(const struct patience *patience,
                               sluice_pipeline *pipe, sluice_diag *why)
{
    const struct patience *p = patience;
    sluice_parameter at = {0};
    const float *values = p->best;
    if (p->failure.status && why)
        *why = p->failure;
    if (p->failure.status || !p->has_best || !p->since)
        return p->failure.status;
    bool moved = p->n_reshapes != sluice_pipeline_n_reshapes(pipe);
    sluice_status st = moved ? find_keepers(p, why) : SLUICE_OK;
    for (size_t i = 0; !st && sluice_model_next_parameter(p->model, &at); i++)
        st = give(p, i, moved, &at, &values, pipe, why);
    return sluice_world_agree(p->world, st, why);
}

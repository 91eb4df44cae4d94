/* Parameters of a pipeline to and from a file.  The thread that owns the
 * pipeline. */
#include <sluice/checkpoint.h>

#include <pthread.h>

#include "checkpoint/staging.h"
#include "pipeline/pipeline.h"

enum { N_PAIRS = 2 };

sluice_status sluice_pipeline_save_weights(const sluice_pipeline *pipe,
                                           const char *path, sluice_diag *why)
{
    struct sl_metadata_pair metadata[N_PAIRS] = {
        {"sluice.format", "1"},
        {"sluice.kind", "weights"},
    };
    int cancel_state;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    sluice_status st =
        sl_staging_save(pipe, SL_HELD_WEIGHTS, metadata, N_PAIRS, path, why);
    pthread_setcancelstate(cancel_state, NULL);
    return st;
}

static sluice_status load(sluice_pipeline *pipe, const sluice_model *model,
                          const char *path, const sluice_allocator *allocator,
                          sluice_diag *why)
{
    sluice_safetensors *file;
    struct sl_staging staging;
    sluice_status st = SLUICE_OK;
    if (model != pipe->blueprint.model)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "`model` is not the one that the pipeline was "
                               "made from");
    st = sluice_safetensors_open(path, 0, allocator, &file, why);
    if (st)
        return st;
    st = sl_staging_read(&staging, pipe, SL_HELD_WEIGHTS, file, allocator, why);
    sluice_safetensors_close(file);
    if (st)
        return st;
    sl_staging_apply(&staging, pipe, SL_HELD_WEIGHTS);
    sl_staging_fini(&staging);
    return SLUICE_OK;
}

sluice_status sluice_pipeline_load_weights(sluice_pipeline *pipe,
                                           const sluice_model *model,
                                           const char *path,
                                           const sluice_allocator *allocator,
                                           sluice_diag *why)
{
    int cancel_state;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    sluice_status st = load(pipe, model, path, allocator, why);
    pthread_setcancelstate(cancel_state, NULL);
    return st;
}

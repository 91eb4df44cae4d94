/* Parameters of a pipeline to and from a file, and what they are parameters of.
 * The thread that owns the pipeline. */
#include <sluice/checkpoint.h>

#include <math.h>
#include <pthread.h>

#include "base/memory.h"
#include "base/text/real_text.h"
#include "checkpoint/staging.h"
#include "data/safetensors/safetensors.h"
#include "pipeline/pipeline.h"

enum { MOST_PAIRS = 6 };

/* The metadata of a file, with room for its numbers. */
struct notes {
    struct sl_metadata_pair pairs[MOST_PAIRS];
    size_t n;
    char mean[SL_REAL_TEXT];
    char deviation[SL_REAL_TEXT];
};

static void note(struct notes *notes, const char *key, const char *value)
{
    notes->pairs[notes->n++] = (struct sl_metadata_pair){key, value};
}

static sluice_status save(const sluice_pipeline *pipe, struct notes *notes,
                          const char *path, sluice_diag *why)
{
    int cancel_state;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    note(notes, "sluice.format", "1");
    note(notes, "sluice.kind", "weights");
    sluice_status st = sl_staging_save(pipe, SL_HELD_WEIGHTS, notes->pairs,
                                       notes->n, path, why);
    pthread_setcancelstate(cancel_state, NULL);
    return st;
}

sluice_status sluice_pipeline_save_weights(const sluice_pipeline *pipe,
                                           const char *path, sluice_diag *why)
{
    struct notes notes = {.n = 0};
    return save(pipe, &notes, path, why);
}

static void note_rows(struct notes *notes, const sluice_preparation *rows)
{
    if (rows->tokenizer)
        note(notes, "sluice.tokenizer", rows->tokenizer);
    if (rows->deviation == 0)
        return;
    sl_real_write(rows->mean, false, notes->mean);
    sl_real_write(rows->deviation, false, notes->deviation);
    note(notes, "sluice.mean", notes->mean);
    note(notes, "sluice.deviation", notes->deviation);
}

sluice_status sluice_pipeline_save_model(const sluice_pipeline *pipe,
                                         const sluice_preparation *rows,
                                         const char *path, sluice_diag *why)
{
    const sluice_model *model = pipe->blueprint.model;
    struct notes notes = {.n = 0};
    size_t size = sluice_model_print(model, NULL, 0) + 1;
    char *text = sl_alloc(pipe->allocator, size, 1);
    if (!text)
        return sl_no_memory(why, "the text of a model");
    sluice_model_print(model, text, size);
    note(&notes, "sluice.model", text);
    if (rows)
        note_rows(&notes, rows);
    sluice_status st = save(pipe, &notes, path, why);
    sl_free(pipe->allocator, text, size, 1);
    return st;
}

/* A file, and a value of its metadata. */
static sluice_status open_for(const char *path, const char *key,
                              const char *what,
                              const sluice_allocator *allocator,
                              sluice_safetensors **file, const char **value,
                              sluice_diag *why)
{
    sluice_status st = sluice_safetensors_open(path, 0, allocator, file, why);
    if (st)
        return st;
    *value = sl_safetensors_metadata(*file, key);
    if (*value)
        return SLUICE_OK;
    sluice_safetensors_close(*file);
    return sluice_diag_set(why, SLUICE_NOT_FOUND,
                           "%.150s does not tell its %s: it was not written "
                           "by sluice train, or by an older version",
                           path, what);
}

sluice_status sluice_model_read(const char *path, const sluice_shape *input,
                                const sluice_allocator *allocator,
                                sluice_model **out, sluice_diag *why)
{
    sluice_safetensors *file;
    const char *text;
    sluice_status st =
        open_for(path, "sluice.model", "model", allocator, &file, &text, why);
    if (st)
        return st;
    st = input ? sluice_model_parse_for(text, input, allocator, out, why)
               : sluice_model_parse(text, allocator, out, why);
    sluice_safetensors_close(file);
    return st;
}

sluice_status sluice_tokenizer_read(const char *path,
                                    const sluice_allocator *allocator,
                                    sluice_tokenizer **out, sluice_diag *why)
{
    sluice_safetensors *file;
    const char *name;
    sluice_status st = open_for(path, "sluice.tokenizer", "tokenizer",
                                allocator, &file, &name, why);
    if (st)
        return st;
    st = sluice_tokenizer_parse(name, allocator, out, why);
    sluice_safetensors_close(file);
    return st;
}

sluice_status sluice_normalization_read(const char *path,
                                        const sluice_allocator *allocator,
                                        double *mean, double *deviation,
                                        sluice_diag *why)
{
    sluice_safetensors *file;
    const char *text;
    double read[2];
    sluice_status st = open_for(path, "sluice.deviation", "normalization",
                                allocator, &file, &text, why);
    if (st)
        return st;
    const char *mean_text = sl_safetensors_metadata(file, "sluice.mean");
    if (!mean_text || !sl_real_read(mean_text, &read[0]) ||
        !sl_real_read(text, &read[1]) || !isfinite(read[0]) || !(read[1] > 0) ||
        !isfinite(read[1])) {
        st = sluice_diag_set(why, SLUICE_FORMAT,
                             "%.150s: mean and deviation in the metadata are "
                             "not what they can be",
                             path);
    } else {
        *mean = read[0];
        *deviation = read[1];
    }
    sluice_safetensors_close(file);
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

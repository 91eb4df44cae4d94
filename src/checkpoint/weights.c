/* Parameters of a pipeline to and from a file, and what they are parameters of.
 * The thread that owns the pipeline. */
#include <sluice/checkpoint.h>

#include <math.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>

#include <sluice/world.h>

#include "base/memory.h"
#include "base/text/real_text.h"
#include "checkpoint/abroad/gathered.h"
#include "checkpoint/exchange_read.h"
#include "checkpoint/staging.h"
#include "checkpoint/which_layout.h"
#include "data/safetensors/safetensors.h"
#include "pipeline/abroad/abroad.h"
#include "pipeline/pipeline.h"

enum { MOST_PAIRS = 8, NOTE = 512 };

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
                          sluice_weights_layout layout, const char *path,
                          sluice_diag *why)
{
    int cancel_state;
    bool for_torch = layout == SLUICE_LAYOUT_PYTORCH;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    note(notes, "sluice.format", "1");
    note(notes, "sluice.kind", "weights");
    note(notes, SL_LAYOUT_KEY,
         sl_layout_name(for_torch ? layout : SLUICE_LAYOUT_SLUICE));
    if (for_torch)
        note(notes, "format", "pt"); /* `transformers` asks for it */
    sluice_status st =
        sl_gathered_save(pipe, for_torch ? SL_HELD_EXCHANGE : SL_HELD_WEIGHTS,
                         notes->pairs, notes->n, path, why);
    pthread_setcancelstate(cancel_state, NULL);
    return st;
}

sluice_status sluice_pipeline_save_weights(const sluice_pipeline *pipe,
                                           const char *path, sluice_diag *why)
{
    struct notes notes = {.n = 0};
    return save(pipe, &notes, SLUICE_LAYOUT_SLUICE, path, why);
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
    return sluice_pipeline_save_model_as(pipe, rows, SLUICE_LAYOUT_SLUICE, path,
                                         why);
}

sluice_status sluice_pipeline_save_model_as(const sluice_pipeline *pipe,
                                            const sluice_preparation *rows,
                                            sluice_weights_layout layout,
                                            const char *path, sluice_diag *why)
{
    const sluice_model *model = pipe->blueprint.model;
    struct notes notes = {.n = 0};
    size_t size = sluice_model_print(model, NULL, 0) + 1;
    char *text = sl_alloc(pipe->allocator, size, 1);
    if (!text) /* the other processes ask first, too */
        return sluice_world_agree(
            pipe->world, sl_no_memory(why, "the text of a model"), why);
    sluice_model_print(model, text, size);
    note(&notes, "sluice.model", text);
    if (rows)
        note_rows(&notes, rows);
    sluice_status st = save(pipe, &notes, layout, path, why);
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
    const char *model = sl_safetensors_metadata(*file, "sluice.model");
    if (model)
        st = sluice_diag_set(why, SLUICE_NOT_FOUND,
                             "%.150s has no %s: its model, %.150s, was not "
                             "trained on a text",
                             path, what, model);
    sluice_safetensors_close(*file);
    if (st)
        return st;
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

__attribute__((format(printf, 3, 4))) static void
say(const sluice_pipeline *pipe, sluice_log_level level, const char *format,
    ...)
{
    char text[NOTE];
    va_list values;
    if (!pipe->log)
        return;
    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    pipe->log(pipe->log_context, level, text);
}

static void say_layout(const sluice_pipeline *pipe, const char *path,
                       sluice_weights_layout layout,
                       enum sl_layout_source source)
{
    if (source == SL_LAYOUT_ASSUMED)
        say(pipe, SLUICE_LOG_WARNING,
            "%.150s does not tell its layout, and its matrices are all square: "
            "they are taken as [in, out]; PyTorch's are [out, in], for them "
            "say "
            "that the layout is pytorch",
            path);
    else if (source == SL_LAYOUT_SEEN && layout == SLUICE_LAYOUT_PYTORCH)
        say(pipe, SLUICE_LOG_INFO,
            "%.150s does not tell its layout: it is read in PyTorch's, which "
            "its names and shapes fit",
            path);
}

static void say_passed_over(const sluice_pipeline *pipe, const char *path,
                            const struct sl_passed_over *passed)
{
    if (passed->n > 0)
        say(pipe, SLUICE_LOG_INFO,
            "%.150s: %d tensors are no parameters and are passed over, the "
            "first is %.100s",
            path, passed->n, passed->name);
}

/* The weights of an open file, in one layout or the other. */
static sluice_status read_weights(struct sl_staging *staging,
                                  sluice_pipeline *pipe,
                                  sluice_weights_layout wanted,
                                  sluice_safetensors *file, const char *path,
                                  const sluice_allocator *allocator,
                                  sluice_diag *why)
{
    sluice_weights_layout layout;
    enum sl_layout_source source;
    struct sl_passed_over passed = {.n = 0};
    sluice_status st = sl_layout_find(file, path, pipe->blueprint.model, wanted,
                                      &layout, &source, why);
    if (st)
        return st;
    st = layout == SLUICE_LAYOUT_PYTORCH
             ? sl_exchange_read(staging, pipe, file, allocator, &passed, why)
             : sl_staging_read(staging, pipe, SL_HELD_WEIGHTS, file, allocator,
                               why);
    if (st)
        return st;
    say_layout(pipe, path, layout, source);
    say_passed_over(pipe, path, &passed);
    return SLUICE_OK;
}

static sluice_status load(sluice_pipeline *pipe, const sluice_model *model,
                          sluice_weights_layout layout, const char *path,
                          const sluice_allocator *allocator, sluice_diag *why)
{
    sluice_safetensors *file;
    struct sl_staging staging = {0};
    sluice_status st =
        model == pipe->blueprint.model
            ? sluice_safetensors_open(path, 0, allocator, &file, why)
            : sluice_diag_set(why, SLUICE_INVALID,
                              "`model` is not the one that the pipeline was "
                              "made from");
    if (!st) {
        st = read_weights(&staging, pipe, layout, file, path, allocator, why);
        sluice_safetensors_close(file);
    }
    st = sl_abroad_check(pipe, st, why); /* all processes take it, or none */
    if (!st)
        sl_staging_apply(&staging, pipe, SL_HELD_WEIGHTS);
    sl_staging_fini(&staging);
    return st;
}

sluice_status sluice_pipeline_load_weights_as(sluice_pipeline *pipe,
                                              const sluice_model *model,
                                              sluice_weights_layout layout,
                                              const char *path,
                                              const sluice_allocator *allocator,
                                              sluice_diag *why)
{
    int cancel_state;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    sluice_status st = load(pipe, model, layout, path, allocator, why);
    pthread_setcancelstate(cancel_state, NULL);
    return st;
}

sluice_status sluice_pipeline_load_weights(sluice_pipeline *pipe,
                                           const sluice_model *model,
                                           const char *path,
                                           const sluice_allocator *allocator,
                                           sluice_diag *why)
{
    return sluice_pipeline_load_weights_as(pipe, model, SLUICE_LAYOUT_AUTO,
                                           path, allocator, why);
}

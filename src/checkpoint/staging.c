/* Tensors from a file to a pipeline.  The thread that owns the pipeline. */
#include "checkpoint/staging.h"

#include "base/finite.h"
#include "base/memory.h"
#include "checkpoint/tensor_shape.h"
#include "data/safetensors/safetensors.h"
#include "pipeline/parameters.h"
#include "pipeline/pieces/kept.h"

/* A tensor of the file that the pipeline has not. */
static sluice_status refuse(const sluice_pipeline *pipe, const char *name,
                            sluice_diag *why)
{
    if (sl_tensor_state(name) < 0) /* its sentence tells what there are */
        return sluice_model_find_parameter(pipe->blueprint.model, name, NULL,
                                           NULL, NULL, why);
    return sluice_diag_set(why, SLUICE_NOT_FOUND,
                           "the file has a state \"%s\", which the "
                           "optimizer, %s, does not keep",
                           name, pipe->blueprint.optimizer->name);
}

/* Each tensor of the file is one that the pipeline has. */
static sluice_status check_known(const sluice_pipeline *pipe, enum sl_held held,
                                 const sluice_safetensors *file,
                                 const sluice_allocator *allocator,
                                 sluice_diag *why)
{
    int n = sluice_safetensors_count(file), found;
    bool *known = sl_alloc(allocator, (size_t)n, sizeof *known);
    sluice_status st = SLUICE_OK;
    sluice_state_tensor at = {.state = 0};
    if (!known)
        return sl_no_memory(why, "the list of a file's tensors");
    while (sl_held_next(pipe, held, &at))
        if ((found = sl_safetensors_find(file, at.name, NULL)) >= 0)
            known[found] = true;
    for (int i = 0; i < n && !st; i++) {
        const char *name = sluice_safetensors_name(file, i, NULL);
        bool is_passed_over =
            held == SL_HELD_WEIGHTS && sl_tensor_state(name) >= 0;
        if (!known[i] && !is_passed_over)
            st = refuse(pipe, name, why);
    }
    sl_free(allocator, known, (size_t)n, sizeof *known);
    return st;
}

/* The next tensor: of one that is here, what is kept of it goes to *values. */
static sluice_status read_one(struct sl_staging *staging,
                              const sluice_pipeline *pipe,
                              const sluice_state_tensor *at,
                              sluice_safetensors *file, float **values,
                              sluice_diag *why)
{
    struct sl_kept kept = sl_kept_of(pipe, at);
    float *to = kept.is_whole ? *values : staging->whole;
    if (kept.n == 0)
        return SLUICE_OK;
    sluice_status st =
        sluice_safetensors_read(file, at->name, to, at->parameter.n, why);
    if (!st && at->state < 0)
        st = sl_check_finite("parameter", at->name, to, at->parameter.n, why);
    if (!st && !kept.is_whole)
        sl_kept_pick(pipe, at, to, *values);
    *values += kept.n;
    return st;
}

static sluice_status read_all(struct sl_staging *staging,
                              const sluice_pipeline *pipe, enum sl_held held,
                              sluice_safetensors *file, sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    sluice_state_tensor at = {.state = 0};
    float *values = staging->values;
    while (!st && sl_held_next(pipe, held, &at)) {
        sluice_shape shape;
        if (sl_safetensors_find(file, at.name, &shape) < 0)
            return sluice_diag_set(why, SLUICE_INVALID,
                                   "the weights have no tensor \"%s\"",
                                   at.name);
        st = sl_tensor_shape_check(at.name, &shape, &at.parameter.spec->shape,
                                   "Sluice's layout is [in, out], PyTorch's "
                                   "[out, in]",
                                   why);
        if (!st)
            st = read_one(staging, pipe, &at, file, &values, why);
    }
    return st;
}

/* What this process keeps, and the largest of which it keeps pieces. */
static void count(struct sl_staging *staging, const sluice_pipeline *pipe,
                  enum sl_held held)
{
    sluice_state_tensor at = {.state = 0};
    while (sl_held_next(pipe, held, &at)) {
        struct sl_kept kept = sl_kept_of(pipe, &at);
        bool is_cut = kept.n > 0 && !kept.is_whole;
        staging->n += (size_t)kept.n;
        if (is_cut && (size_t)at.parameter.n > staging->n_whole)
            staging->n_whole = (size_t)at.parameter.n;
    }
}

sluice_status sl_staging_init(struct sl_staging *staging,
                              const sluice_pipeline *pipe, enum sl_held held,
                              const sluice_allocator *allocator,
                              sluice_diag *why)
{
    *staging = (struct sl_staging){.allocator = allocator};
    count(staging, pipe, held);
    staging->values = sl_alloc(allocator, staging->n, sizeof *staging->values);
    staging->whole =
        sl_alloc(allocator, staging->n_whole, sizeof *staging->whole);
    if (staging->values && staging->whole)
        return SLUICE_OK;
    sl_staging_fini(staging);
    return sl_no_memory(why, "the tensors of a file");
}

sluice_status sl_staging_read(struct sl_staging *staging,
                              const sluice_pipeline *pipe, enum sl_held held,
                              sluice_safetensors *file,
                              const sluice_allocator *allocator,
                              sluice_diag *why)
{
    sluice_status st = check_known(pipe, held, file, allocator, why);
    if (!st)
        st = sl_staging_init(staging, pipe, held, allocator, why);
    if (st)
        return st;
    st = read_all(staging, pipe, held, file, why);
    if (st)
        sl_staging_fini(staging);
    return st;
}

void sl_staging_apply(const struct sl_staging *staging, sluice_pipeline *pipe,
                      enum sl_held held)
{
    sluice_state_tensor at = {.state = 0};
    const float *values = staging->values;
    while (sl_held_next(pipe, held, &at)) {
        struct sl_kept kept = sl_kept_of(pipe, &at);
        if (kept.n > 0)
            sl_kept_put(pipe, &at, values);
        values += kept.n;
    }
}

void sl_staging_fini(struct sl_staging *staging)
{
    sl_free(staging->allocator, staging->whole, staging->n_whole,
            sizeof *staging->whole);
    sl_free(staging->allocator, staging->values, staging->n,
            sizeof *staging->values);
    *staging = (struct sl_staging){0};
}

/* Tensors from a file to a pipeline.  The thread that owns the pipeline. */
#include "checkpoint/staging.h"

#include <string.h>

#include "base/finite.h"
#include "base/memory.h"
#include "checkpoint/tensor_shape.h"
#include "pipeline/parameters.h"

/* The tensor of the file that has this name; -1 if there is none.  It is mostly
 * the next one: `from` is where to look first. */
static int find(const sluice_safetensors *file, const char *name, int from,
                sluice_shape *shape)
{
    int n = sluice_safetensors_count(file);
    for (int i = 0; i < n; i++) {
        int k = (from + i) % n;
        if (!strcmp(sluice_safetensors_name(file, k, shape), name))
            return k;
    }
    return -1;
}

/* Each tensor of the file is one that the pipeline has. */
static sluice_status check_known(const sluice_pipeline *pipe, enum sl_held held,
                                 const sluice_safetensors *file,
                                 sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    for (int i = 0; i < sluice_safetensors_count(file) && !st; i++) {
        const char *name = sluice_safetensors_name(file, i, NULL);
        sluice_state_tensor at = {.state = 0};
        if (held == SL_HELD_WEIGHTS && sl_tensor_state(name) >= 0)
            continue;
        bool known = false;
        while (!known && sl_held_next(pipe, held, &at))
            known = !strcmp(at.name, name);
        if (!known && sl_tensor_state(name) >= 0)
            st = sluice_diag_set(why, SLUICE_NOT_FOUND,
                                 "the file has a state \"%s\", which the "
                                 "optimizer, %s, does not keep",
                                 name, pipe->blueprint.optimizer->name);
        else if (!known) /* its sentence tells what parameters there are */
            st = sluice_model_find_parameter(pipe->blueprint.model, name, NULL,
                                             NULL, NULL, why);
    }
    return st;
}

static sluice_status read_all(struct sl_staging *staging,
                              const sluice_pipeline *pipe, enum sl_held held,
                              sluice_safetensors *file, sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    sluice_state_tensor at = {.state = 0};
    float *values = staging->values;
    int from = 0;
    while (!st && sl_held_next(pipe, held, &at)) {
        sluice_shape shape;
        int found = find(file, at.name, from, &shape);
        if (found < 0)
            return sluice_diag_set(why, SLUICE_INVALID,
                                   "the weights have no tensor \"%s\"",
                                   at.name);
        st = sl_tensor_shape_check(at.name, &shape, &at.parameter.spec->shape,
                                   "Sluice's layout is [in, out], PyTorch's "
                                   "[out, in]",
                                   why);
        from = found + 1;
        if (!sl_pipeline_has_tensor(pipe, &at))
            continue;
        if (!st)
            st = sluice_safetensors_read(file, at.name, values, at.parameter.n,
                                         why);
        if (!st && at.state < 0)
            st = sl_check_finite("parameter", at.name, values, at.parameter.n,
                                 why);
        values += at.parameter.n;
    }
    return st;
}

static sluice_status init(struct sl_staging *staging, size_t n,
                          const sluice_allocator *allocator, sluice_diag *why)
{
    *staging = (struct sl_staging){
        .allocator = allocator,
        .values = sl_alloc(allocator, n, sizeof *staging->values),
        .n = n,
    };
    return staging->values ? SLUICE_OK
                           : sl_no_memory(why, "the tensors of a file");
}

/* Elements of the tensors that this process holds. */
static size_t count_here(const sluice_pipeline *pipe, enum sl_held held)
{
    size_t n = 0;
    sluice_state_tensor at = {.state = 0};
    while (sl_held_next(pipe, held, &at))
        if (sl_pipeline_has_tensor(pipe, &at))
            n += (size_t)at.parameter.n;
    return n;
}

sluice_status sl_staging_init(struct sl_staging *staging,
                              const sluice_pipeline *pipe, enum sl_held held,
                              const sluice_allocator *allocator,
                              sluice_diag *why)
{
    size_t n;
    sl_held_count(pipe, held, &n);
    return init(staging, n, allocator, why);
}

sluice_status sl_staging_read(struct sl_staging *staging,
                              const sluice_pipeline *pipe, enum sl_held held,
                              sluice_safetensors *file,
                              const sluice_allocator *allocator,
                              sluice_diag *why)
{
    sluice_status st = check_known(pipe, held, file, why);
    if (!st)
        st = init(staging, count_here(pipe, held), allocator, why);
    if (st)
        return st;
    staging->only_here = true;
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
        if (staging->only_here && !sl_pipeline_has_tensor(pipe, &at))
            continue;
        sl_pipeline_put_tensor(pipe, &at, values);
        values += at.parameter.n;
    }
}

void sl_staging_fini(struct sl_staging *staging)
{
    sl_free(staging->allocator, staging->values, staging->n,
            sizeof *staging->values);
    *staging = (struct sl_staging){0};
}

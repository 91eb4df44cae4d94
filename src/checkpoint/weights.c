/* Parameters of a pipeline from a file.  The thread that owns the pipeline. */
#include <sluice/checkpoint.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <sluice/dataset.h>

#include "base/memory.h"

enum { SHAPE_TEXT = 192 };

/* A shape as text, "[256, 10]". */
static const char *shape_text(const sluice_shape *shape, char text[SHAPE_TEXT])
{
    size_t n = 0;
    for (int i = 0; i < shape->n_dims; i++)
        n += (size_t)snprintf(text + n, SHAPE_TEXT - n, "%s%" PRId64,
                              i ? ", " : "[", shape->dims[i]);
    snprintf(text + n, SHAPE_TEXT - n, "%s", shape->n_dims ? "]" : "[]");
    return text;
}

/* Tensor `i` must be a parameter of that name and shape. */
static sluice_status load_tensor(sluice_pipeline *pipe,
                                 const sluice_model *model,
                                 sluice_safetensors *file, int i,
                                 const sluice_allocator *allocator,
                                 sluice_diag *why)
{
    sluice_shape shape;
    const char *name = sluice_safetensors_name(file, i, &shape);
    const sluice_param_spec *spec;
    sluice_status st =
        sluice_model_find_parameter(model, name, NULL, NULL, &spec, why);
    if (st)
        return st;
    if (!sluice_shape_equal(&shape, &spec->shape)) {
        char has[SHAPE_TEXT];
        char wants[SHAPE_TEXT];
        return sluice_diag_set(
            why, SLUICE_INVALID,
            "tensor \"%s\" of the weights has shape %s, but the model's has %s",
            name, shape_text(&shape, has), shape_text(&spec->shape, wants));
    }
    int64_t n = sluice_shape_elements(&shape);
    float *values = sl_alloc(allocator, (size_t)n, sizeof *values);
    if (!values)
        return sl_no_memory(why, "a tensor of the weights");
    st = sluice_safetensors_read(file, name, values, n, why);
    if (!st)
        st = sluice_pipeline_set_parameter(pipe, name, values, n, why);
    sl_free(allocator, values, (size_t)n, sizeof *values);
    return st;
}

/* The file's tensors are parameters, each once: are they all of them? */
static sluice_status check_complete(const sluice_model *model,
                                    const sluice_safetensors *file,
                                    sluice_diag *why)
{
    sluice_parameter at = {0};
    while (sluice_model_next_parameter(model, &at)) {
        int n = sluice_safetensors_count(file);
        int i = 0;
        sluice_shape shape;
        while (i < n &&
               strcmp(sluice_safetensors_name(file, i, &shape), at.name))
            i++;
        if (i == n)
            return sluice_diag_set(why, SLUICE_INVALID,
                                   "the weights have no tensor \"%s\"",
                                   at.name);
    }
    return SLUICE_OK;
}

sluice_status sluice_pipeline_load_weights(sluice_pipeline *pipe,
                                           const sluice_model *model,
                                           const char *path,
                                           const sluice_allocator *allocator,
                                           sluice_diag *why)
{
    sluice_safetensors *file;
    sluice_status st = sluice_safetensors_open(path, 0, allocator, &file, why);
    if (st)
        return st;
    for (int i = 0; i < sluice_safetensors_count(file) && !st; i++)
        st = load_tensor(pipe, model, file, i, allocator, why);
    if (!st)
        st = check_complete(model, file, why);
    sluice_safetensors_close(file);
    return st;
}

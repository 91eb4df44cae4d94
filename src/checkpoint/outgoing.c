/* The tensors of a pipeline, listed for a file. */
#include "checkpoint/outgoing.h"

#include <string.h>

#include "base/finite.h"
#include "base/memory.h"
#include "pipeline/parameters.h"

bool sl_held_next(const sluice_pipeline *pipe, enum sl_held held,
                  sluice_state_tensor *at)
{
    bool is_there;
    do
        is_there = sluice_pipeline_next_tensor(pipe, at);
    while (is_there && held == SL_HELD_WEIGHTS && at->state >= 0);
    return is_there;
}

size_t sl_held_count(const sluice_pipeline *pipe, enum sl_held held,
                     size_t *n_elements)
{
    size_t n = 0;
    sluice_state_tensor at = {.state = 0};
    *n_elements = 0;
    while (sl_held_next(pipe, held, &at)) {
        n++;
        *n_elements += (size_t)at.parameter.n;
    }
    return n;
}

/* Elements of tensors that are cut across devices; in several processes they
 * stay where they are. */
static size_t count_cut(const sluice_pipeline *pipe, enum sl_held held)
{
    size_t n = 0;
    sluice_state_tensor at = {.state = 0};
    while (!pipe->world && sl_held_next(pipe, held, &at))
        if (!sl_pipeline_tensor(pipe, 0, &at))
            n += (size_t)at.parameter.n;
    return n;
}

sluice_status sl_outgoing_init(struct sl_outgoing *out,
                               const sluice_pipeline *pipe, enum sl_held held,
                               const sluice_allocator *allocator,
                               sluice_diag *why)
{
    size_t n_elements;
    size_t n = sl_held_count(pipe, held, &n_elements);
    *out = (struct sl_outgoing){
        .allocator = allocator,
        .file.tensors = sl_alloc(allocator, n, sizeof *out->file.tensors),
        .file.n_tensors = n,
        .names = sl_alloc(allocator, n, sizeof *out->names),
        .n = n,
        .n_gathered = count_cut(pipe, held),
    };
    out->gathered = sl_alloc(allocator, out->n_gathered, sizeof *out->gathered);
    if (out->file.tensors && out->names && out->gathered)
        return SLUICE_OK;
    sl_outgoing_fini(out);
    return sl_no_memory(why, "the list of tensors to be saved");
}

static void name_one(const sluice_state_tensor *at,
                     struct sl_outgoing_name *name,
                     struct sl_saved_tensor *tensor)
{
    memcpy(name->text, at->name, sizeof name->text);
    *tensor = (struct sl_saved_tensor){
        .name = name->text,
        .type = SLUICE_F32,
        .shape = at->parameter.spec->shape,
    };
}

void sl_outgoing_name_all(struct sl_outgoing *out, const sluice_pipeline *pipe,
                          enum sl_held held)
{
    sluice_state_tensor at = {.state = 0};
    for (size_t i = 0; sl_held_next(pipe, held, &at); i++)
        name_one(&at, &out->names[i], &out->file.tensors[i]);
}

sluice_status sl_outgoing_check(const sluice_pipeline *pipe, sluice_diag *why)
{
    if (!pipe->world)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "a pipeline in several processes is saved in "
                           "Sluice's layout only; load the file in one "
                           "process, and save it in PyTorch's there");
}

sluice_status sl_outgoing_list(struct sl_outgoing *out,
                               const sluice_pipeline *pipe, enum sl_held held,
                               float *values, sluice_diag *why)
{
    sluice_status st = sl_outgoing_check(pipe, why);
    float *gathered = out->gathered;
    sluice_state_tensor at = {.state = 0};
    for (size_t i = 0; !st && sl_held_next(pipe, held, &at); i++) {
        const float *elements = sl_pipeline_tensor(pipe, 0, &at);
        size_t n = (size_t)at.parameter.n;
        if (values) {
            sl_pipeline_copy_tensor(pipe, &at, values);
            elements = values;
            values += n;
        } else if (!elements) {
            sl_pipeline_copy_tensor(pipe, &at, gathered);
            elements = gathered;
            gathered += n;
        }
        if (at.state < 0)
            st = sl_check_finite("parameter", at.name, elements, at.parameter.n,
                                 why);
        name_one(&at, &out->names[i], &out->file.tensors[i]);
        out->file.tensors[i].elements = elements;
    }
    return st;
}

void sl_outgoing_fini(struct sl_outgoing *out)
{
    sl_free(out->allocator, out->gathered, out->n_gathered,
            sizeof *out->gathered);
    sl_free(out->allocator, out->names, out->n, sizeof *out->names);
    sl_free(out->allocator, out->file.tensors, out->n,
            sizeof *out->file.tensors);
    *out = (struct sl_outgoing){.n = 0};
}

/* The tensors of a pipeline, listed for a file. */
#include "checkpoint/outgoing.h"

#include <string.h>

#include "base/memory.h"
#include "checkpoint/exchange.h"

bool sl_held_next(const sluice_pipeline *pipe, enum sl_held held,
                  sluice_state_tensor *at)
{
    bool is_there;
    do
        is_there = sluice_pipeline_next_tensor(pipe, at);
    while (is_there && held != SL_HELD_ALL && at->state >= 0);
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

static void name_all(struct sl_outgoing *out, const sluice_pipeline *pipe,
                     enum sl_held held)
{
    sluice_state_tensor at = {.state = 0};
    for (size_t i = 0; sl_held_next(pipe, held, &at); i++) {
        memcpy(out->names[i].text, at.name, sizeof at.name);
        out->file.tensors[i] = (struct sl_saved_tensor){
            .name = out->names[i].text,
            .type = SLUICE_F32,
            .shape = at.parameter.spec->shape,
            .number = i,
        };
    }
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
    };
    if (out->file.tensors && out->names) {
        name_all(out, pipe, held);
        return SLUICE_OK;
    }
    sl_outgoing_fini(out);
    return sl_no_memory(why, "the list of tensors to be saved");
}

void sl_outgoing_fini(struct sl_outgoing *out)
{
    sl_free(out->allocator, out->sources, out->n, sizeof *out->sources);
    sl_free(out->allocator, out->parts, out->n, sizeof *out->parts);
    sl_free(out->allocator, out->names, out->n, sizeof *out->names);
    sl_free(out->allocator, out->file.tensors, out->n,
            sizeof *out->file.tensors);
    *out = (struct sl_outgoing){.n = 0};
}

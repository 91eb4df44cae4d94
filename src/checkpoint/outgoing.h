/*
 * The tensors of a pipeline on their way into a file.
 *
 * Threads: the one that owns the pipeline, between steps.
 */
#ifndef SL_CHECKPOINT_OUTGOING_H
#define SL_CHECKPOINT_OUTGOING_H

#include <stdbool.h>
#include <stddef.h>

#include <sluice/pipeline_state.h>

#include "data/safetensors/safetensors_header.h"

/* Which tensors a file holds. */
enum sl_held {
    SL_HELD_WEIGHTS,  /* parameters */
    SL_HELD_EXCHANGE, /* parameters, in PyTorch's names and layout */
    SL_HELD_ALL,      /* parameters and the optimizer's states */
};

/* Go on to the next tensor of the pipeline that a file holds, as
 * sluice_pipeline_next_tensor(). */
bool sl_held_next(const sluice_pipeline *pipe, enum sl_held held,
                  sluice_state_tensor *at);

/* How many there are, and elements of them. */
size_t sl_held_count(const sluice_pipeline *pipe, enum sl_held held,
                     size_t *n_elements);

/* A tensor's name has its place here. */
struct sl_outgoing_name {
    char text[SLUICE_STATE_NAME];
};

struct sl_exchange_part;

struct sl_outgoing {
    const sluice_allocator *allocator;
    struct sl_saved_file file;      /* names, shapes and numbers, no elements */
    size_t n;                       /* tensors that there is room for */
    struct sl_outgoing_name *names; /* [n] by their numbers */

    /* In PyTorch's layout, where tensors are parts of parameters; else NULL. */
    struct sl_exchange_part *parts; /* [n] by their numbers, with the names */
    size_t *sources; /* [n] the pipeline's tensor that each is part of */
};

/*
 * List the tensors in the pipeline's own names, numbered in its order.
 *
 * Returns  SLUICE_OK; SLUICE_NO_MEMORY.
 */
sluice_status sl_outgoing_init(struct sl_outgoing *out,
                               const sluice_pipeline *pipe, enum sl_held held,
                               const sluice_allocator *allocator,
                               sluice_diag *why);

/* The number of the pipeline's tensor that a tensor of the file is, or is part
 * of. */
static inline size_t sl_outgoing_source(const struct sl_outgoing *out,
                                        const struct sl_saved_tensor *tensor)
{
    return out->sources ? out->sources[tensor->number] : tensor->number;
}

void sl_outgoing_fini(struct sl_outgoing *out);

#endif

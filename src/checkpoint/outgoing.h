/*
 * The tensors of a pipeline on their way into a file.
 *
 * Threads: init and list on the one that owns the pipeline, between steps;
 * write wherever the elements stay as they are.
 */
#ifndef SL_CHECKPOINT_OUTGOING_H
#define SL_CHECKPOINT_OUTGOING_H

#include <stdbool.h>
#include <stddef.h>

#include <sluice/pipeline_state.h>

#include "data/safetensors/safetensors_header.h"

/* Which tensors a file holds. */
enum sl_held {
    SL_HELD_WEIGHTS, /* parameters */
    SL_HELD_ALL,     /* and the optimizer's states */
};

/* Go on to the next tensor that a file holds, as
 * sluice_pipeline_next_tensor(). */
bool sl_held_next(const sluice_pipeline *pipe, enum sl_held held,
                  sluice_state_tensor *at);

/* How many tensors there are, and elements of them. */
size_t sl_held_count(const sluice_pipeline *pipe, enum sl_held held,
                     size_t *n_elements);

/* A tensor's name has its place here. */
struct sl_outgoing_name {
    char text[SLUICE_STATE_NAME];
};

struct sl_outgoing {
    const sluice_allocator *allocator;
    struct sl_saved_file file;
    struct sl_outgoing_name *names; /* [n] */
    float *gathered; /* [n_gathered] elements of tensors that are cut across
                        devices */
    size_t n_gathered;
    size_t n; /* tensors that there is room for */
};

/*
 * Make room for the list.
 *
 * Returns  SLUICE_OK; SLUICE_NO_MEMORY.
 */
sluice_status sl_outgoing_init(struct sl_outgoing *out,
                               const sluice_pipeline *pipe, enum sl_held held,
                               const sluice_allocator *allocator,
                               sluice_diag *why);

/* List the pipeline's tensors without elements. */
void sl_outgoing_name_all(struct sl_outgoing *out, const sluice_pipeline *pipe,
                          enum sl_held held);

/* Whether its tensors lie in this process: SLUICE_OK or SLUICE_INVALID. */
sluice_status sl_outgoing_check(const sluice_pipeline *pipe, sluice_diag *why);

/*
 * List the pipeline's tensors.  Their elements lie in the pipeline, or are
 * copied to values[n_elements] if that is not NULL.
 *
 * Returns  SLUICE_OK; SLUICE_NOT_FINITE if a parameter has a value that could
 *          not be loaded again; as sl_outgoing_check().
 */
sluice_status sl_outgoing_list(struct sl_outgoing *out,
                               const sluice_pipeline *pipe, enum sl_held held,
                               float *values, sluice_diag *why);

void sl_outgoing_fini(struct sl_outgoing *out);

#endif

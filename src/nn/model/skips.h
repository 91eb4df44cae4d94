/*
 * Skip connections of a model: which pop takes what which stash has left.  Each
 * stash has one pop, behind it; a name may be used again once it was popped.
 *
 * Threads: the thread that builds the model.
 */
#ifndef SL_NN_MODEL_SKIPS_H
#define SL_NN_MODEL_SKIPS_H

#include <stddef.h>
#include <stdint.h>

#include <sluice/memory.h>
#include <sluice/layer.h>

struct sl_layer_list;

/* From one layer to another one. */
struct sl_skip {
    int stash;
    int pop;   /* -1: not popped yet */
    int64_t n; /* elements of a row */
};

struct sl_skip_list {
    struct sl_skip *at; /* [capacity], n in use, in the order of the stashes */
    size_t capacity;
    int n;
};

/* The name that a stash or pop of the list has. */
const char *sl_skip_name(const struct sl_layer_list *layers, int layer);

/*
 * Prepare for a layer that may be such an end, before it is settled: room in
 * the list, and the shape that a pop is handed.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID for a name that is none, that is stashed
 *          already, or that no stash before has; SLUICE_NO_MEMORY.
 */
sluice_status sl_skips_prepare(struct sl_skip_list *skips,
                               const struct sl_layer_list *layers,
                               const sluice_layer_ops *ops, const void *config,
                               const sluice_allocator *allocator,
                               sluice_shape *skip, sluice_diag *why);

/* Note the layer that was prepared for and has become the last of the list. */
void sl_skips_note(struct sl_skip_list *skips,
                   const struct sl_layer_list *layers);

#endif

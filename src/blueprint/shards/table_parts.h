/*
 * A table [rows][width] whose rows are cut across the places of a pipeline:
 * each has as many of them, or one more, with gradient and optimizer states.
 *
 * Threads: the thread that creates the pipeline; constant afterwards, except
 * what the pointers point to, which belongs to the place's device.
 */
#ifndef SL_BLUEPRINT_SHARDS_TABLE_PARTS_H
#define SL_BLUEPRINT_SHARDS_TABLE_PARTS_H

#include <sluice/optimizer.h>
#include <sluice/pipeline.h>

#include "base/memory.h"
#include "blueprint/shards/shard.h"
#include "blueprint/tensors.h"
#include "nn/across/body.h"

/* What a place has of it. */
struct sl_table_part {
    int64_t first; /* rows */
    int64_t n;
    sluice_shape shape;    /* [n][width] */
    struct sl_shard shard; /* the same, in elements */
    float *w;              /* [n][width] */
    float *g;
    float *states[SLUICE_OPTIMIZER_MAX_STATES];
};

struct sl_cut_table {
    const sluice_allocator *allocator;
    struct sl_tensor tensor; /* whole; of a tied one, its first use */
    int64_t width;
    int n_states;
    int n_parts;                 /* places */
    struct sl_table_part *parts; /* [n_parts] */
    int64_t *first;              /* [n_parts + 1] that of each part, and one
                                    past the last */
};

/*
 * Divide the table of a layer at an end of the model.
 *
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY; sl_cut_table_fini() in both cases.
 */
sluice_status sl_cut_table_init(struct sl_cut_table *table,
                                const sluice_model *model,
                                const struct sl_end_layer *end, int n_parts,
                                int n_states,
                                const sluice_allocator *allocator);
void sl_cut_table_fini(struct sl_cut_table *table);

/* Bytes of the rows of a place, once. */
size_t sl_cut_table_bytes(const struct sl_cut_table *table, int place);

/* Add what a place takes to its plan, `total` included, and give it its places
 * in the arena. */
void sl_cut_table_plan(const struct sl_cut_table *table, int place,
                       sluice_memory_plan *plan);
void sl_cut_table_bind(struct sl_cut_table *table, int place,
                       struct sl_arena *arena);

#endif

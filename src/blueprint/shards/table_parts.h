/*
 * A table [rows][width] whose rows are cut across the devices of a replica:
 * each has as many of them, or one more, with gradient and optimizer states.
 * With ZeRO the replicas share out what each device would have for itself: its
 * optimizer states, and in stage 3 its rows, which then lie there once for all
 * replicas.  A device's gradient is whole in each stage: every T adds to it.
 *
 * Threads: the thread that creates the pipeline; constant afterwards, except
 * what the pointers point to, which belongs to the part's device.
 */
#ifndef SL_BLUEPRINT_SHARDS_TABLE_PARTS_H
#define SL_BLUEPRINT_SHARDS_TABLE_PARTS_H

#include <sluice/optimizer.h>
#include <sluice/pipeline.h>

#include "base/memory.h"
#include "blueprint/shards/shard.h"
#include "blueprint/tensors.h"
#include "nn/across/body.h"

/* Who shares the rows of a part. */
struct sl_table_share {
    int n_holders;  /* replicas that share; 1: each has all for itself */
    int holder;     /* which of them has this table */
    bool in_common; /* the rows lie there once, for all of them */
};

/* What a device has of it. */
struct sl_table_part {
    int64_t first; /* rows */
    int64_t n;
    sluice_shape shape;    /* [n][width] */
    struct sl_shard shard; /* the same, in elements */
    int64_t n_floats;      /* of w, and of g, in whole cache lines */
    struct sl_chunk own;   /* of these: what the device updates */
    int64_t n_states;      /* floats of each of states: the most of a holder */
    float *w;              /* [n][width] */
    float *g;
    float *states[SLUICE_OPTIMIZER_MAX_STATES]; /* from own.first on */
    struct sl_arena common; /* of holder 0: w, if it lies in common */
};

struct sl_cut_table {
    const sluice_allocator *allocator;
    struct sl_table_share share;
    struct sl_tensor tensor; /* whole; of a tied one, its first use */
    int64_t width;
    int n_states;
    int n_parts;                 /* devices */
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
                                int n_states, struct sl_table_share share,
                                const sluice_allocator *allocator);
void sl_cut_table_fini(struct sl_cut_table *table);

/* Bytes of the rows of a part, once. */
size_t sl_cut_table_bytes(const struct sl_cut_table *table, int number);

/* Of the elements of a part, those that the device updates. */
static inline struct sl_chunk
sl_table_part_piece(const struct sl_table_part *part)
{
    return sl_chunk_common(part->own, (struct sl_chunk){0, part->shard.run});
}

/* Add what a part takes to its device's plan, `total` included, and give it its
 * places in the arena. */
void sl_cut_table_plan(const struct sl_cut_table *table, int number,
                       sluice_memory_plan *plan);
void sl_cut_table_bind(struct sl_cut_table *table, int number,
                       struct sl_arena *arena);

/*
 * Take the memory of rows that lie in common, for `tables[n]` of the replicas
 * that share them, before they are bound; and give it back, also if taking it
 * has failed.
 *
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY.
 */
sluice_status sl_cut_table_take_common(struct sl_cut_table *const *tables,
                                       int n);
void sl_cut_table_give_common(struct sl_cut_table *table);

#endif

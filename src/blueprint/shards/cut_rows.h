/*
 * An embedding whose table is cut by rows: the first layer of a model whose
 * vocabulary is cut.  It may be one table with that of the head.
 *
 * The first stage's F reads the rows of all parts where they lie, or what
 * devices of other processes have found for it (cut_streams.h): nothing writes
 * them before all devices agree on the update.  Its weight gradient only
 * hands on dy, into a slot of a ring, and each device adds to its own rows what
 * dy brings to them.  The items of the ring are numbered in the order of the B
 * or W of the first stage, which is the order of addition of an embedding that
 * is whole.
 *
 * A device takes an item with the first S by which it is there, or behind its
 * list.  Item i is there by the S of the j-th micro-batch if, in the list of
 * the first stage's device, it comes before the F of that one.  As every B or I
 * of a micro-batch on the first stage comes after all S of it, how many slots
 * follows from that list alone:
 *
 *     n = most, over all items i, of i + 1 less the items that are there by the
 *         S of the last B or I up to item i
 *
 * Then no device ever waits for a slot, nor an S for an item.
 *
 * Threads: the thread that creates the pipeline; constant afterwards, except
 * what is tagged.
 */
#ifndef SL_BLUEPRINT_SHARDS_CUT_ROWS_H
#define SL_BLUEPRINT_SHARDS_CUT_ROWS_H

#include "blueprint/program.h"
#include "blueprint/shards/table_parts.h"

/* What a device has beside its rows of the table. */
struct sl_row_share {
    float *g;             /* [n][width] of its rows */
    struct sl_ring found; /* these for the tokens of each micro-batch;
                             n_slots 0: they are read where they lie */
    int32_t n_taken;      /* [owner: device] items, in this step */
    bool fresh;           /* [owner: device] no gradient since the step began */
};

struct sl_cut_rows {
    const sluice_allocator *allocator;
    const sluice_layer_ops *ops; /* NULL: no embedding is cut */
    const void *config;
    const sluice_layer_plan *plan;
    int layer;                   /* of the model */
    bool tied;                   /* the table is the head's */
    struct sl_cut_table own;     /* if it is not */
    int n_parts;                 /* devices of a replica */
    const float **rows;          /* [n_parts] those of each */
    struct sl_row_share *shares; /* [n_parts] */
    int first_part;              /* of the first device of the first stage */
    int n_items;                 /* micro-batches */
    int32_t *item;               /* [n_items] number of a micro-batch's */
    int32_t *microbatch;         /* [n_items] of an item */
    int32_t *ready;    /* [n_items + 1] items that are there by an S; all */
    struct sl_ring dy; /* in the arena of first_part */
};

struct sl_cut_rows_input {
    const sluice_model *model;
    const struct sl_cut_table *head; /* the table of the head */
    const struct sl_program *train;  /* of the first stage's place */
    int first_part;
    int n_microbatches;
    int64_t max_rows;
};

/* Whether the model begins with a layer that can be cut by rows. */
bool sl_rows_can_be_cut(const sluice_model *model);

/* The number of its table among the tensors of the model; -1: there is none. */
int sl_cut_rows_tensor(const sluice_model *model);

/*
 * Check that its table is used by itself, and by the head at most, and has a
 * row for each device.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID with what to do.
 */
sluice_status sl_cut_rows_check(const sluice_model *model, int n_devices,
                                sluice_diag *why);

/* Returns SLUICE_OK, SLUICE_NO_MEMORY; sl_cut_rows_fini() in both cases. */
sluice_status sl_cut_rows_init(struct sl_cut_rows *rows,
                               const struct sl_cut_rows_input *input);
void sl_cut_rows_fini(struct sl_cut_rows *rows);

/* Add what a device takes to its plan, and give it its places in the arena,
 * once the head's table has them. */
void sl_cut_rows_plan(const struct sl_cut_rows *rows,
                      const struct sl_cut_table *head, int number,
                      sluice_memory_plan *plan);
void sl_cut_rows_bind(struct sl_cut_rows *rows, const struct sl_cut_table *head,
                      int number, struct sl_arena *arena);

#endif

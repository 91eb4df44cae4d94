/*
 * A vocabulary that is cut across devices: the last layer of the model, or the
 * last one of a sequence that it ends with, which is in no stage.  Each device
 * of a replica has a part of its rows, and runs the S and T of the first stage
 * of its place.  If the model begins with an embedding, that is cut too.
 *
 * A part has the number that its device has in its replica
 * (sl_replica_device()).  In a team the S and T are each member's own, as if
 * it were at a place of its own; what is of a stage, x and what begins its
 * backward, is as for other layers: the first member publishes it, and the rows
 * are shared out.
 *
 *     x      what the last stage's F hands to all devices
 *     terms  what an S makes for all devices
 *     gives  and for the last stage's: p * w, and q * w
 *     p      exp(y - largest) / sum, on the device itself from S to T
 *
 * These are rings; item n of all is the n-th micro-batch, which all stages take
 * in one order.  How many slots: item j + n is written after the F of the last
 * stage of j + n, and so after that of each device's first stage.  It may be
 * written if all that read item j then come before that F in their own list:
 *
 *     n = most, over all T, and B or I of the last stage, of item j, of the F
 *         of the device's first stage before it, less j
 *
 * Then no device ever waits for a slot.  Places in other processes have copies
 * of x, terms and gives: blueprint/shards/cut_streams.h.
 *
 * Threads: the thread that creates the pipeline; constant afterwards, except
 * what the pointers point to, which belongs to the part's device.
 */
#ifndef SL_BLUEPRINT_SHARDS_CUT_HEAD_H
#define SL_BLUEPRINT_SHARDS_CUT_HEAD_H

#include <sluice/loss.h>
#include <sluice/model.h>
#include <sluice/optimizer.h>
#include <sluice/pipeline.h>

#include "base/memory.h"
#include "base/slots.h"
#include "blueprint/abroad/processes.h"
#include "blueprint/products.h"
#include "blueprint/program.h"
#include "blueprint/shards/cut_rows.h"
#include "blueprint/shards/table_parts.h"

/* What a device holds of the layer, beside its rows of the table. */
struct sl_head_part {
    int stage;    /* the first of its place */
    void *config; /* of a layer that has these outputs */
    sluice_layer_plan plan;
    struct sluice_product *products; /* [plan.n_products] */
    struct sl_ring p;
    struct sl_ring terms;
    struct sl_ring gives;
    float *row_sum; /* [width], within an S */
    void *workspace;
    void *scratch;
    void *product_scratch;
    bool fresh; /* [owner: device] no gradient since the step began */
};

struct sl_cut_head {
    const sluice_allocator *allocator;
    const sluice_layer_ops *ops;
    int layer;                  /* of the model, in which it is */
    struct sl_cut_table table;  /* its rows */
    struct sl_cut_rows rows;    /* those of an embedding */
    int64_t width;              /* elements of a position of x */
    int64_t positions;          /* of a row */
    int64_t max_rows;           /* of a micro-batch */
    int n_slots;                /* of x, terms and gives */
    int n_parts;                /* devices of a replica */
    struct sl_head_part *parts; /* [n_parts] */
    int last_part;              /* of the first device of the last stage */
    struct sl_ring x;           /* in its arena */
    struct sl_ring *copies;     /* [n_parts][streams] of what places of other
                                   processes make; NULL: there is one */
};

/* What it is made from. */
struct sl_cut_head_input {
    const sluice_model *model;
    const sluice_loss_ops *loss;
    const sluice_schedule *schedule;
    int n_shards;                   /* devices at a place */
    const struct sl_program *train; /* [places] */
    const struct sl_program *forward;
    const struct sl_products_choice *products;
    const struct sl_processes *processes;
    int64_t max_rows;
    int n_states;
    struct sl_table_share share;
    const sluice_allocator *allocator;
};

/*
 * Begin: check that layer and loss can be cut, make of the other layers a model
 * for the stages, and give the forwards their S and T.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID with what to do; SLUICE_NO_MEMORY, or as
 *          sluice_schedule_vocabulary().
 */
sluice_status sl_cut_head_begin(const sluice_model *model,
                                const sluice_loss_ops *loss,
                                const struct sl_grid *grid, int queue_capacity,
                                const sluice_allocator *allocator,
                                sluice_schedule **forward, sluice_model **body,
                                sluice_diag *why);

/*
 * Cut it.  sl_cut_head_fini() in both cases.
 *
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY, what the layer's infer() says of a
 *          part, or as sl_products_settle_layer().
 */
sluice_status sl_cut_head_init(struct sl_cut_head *vocabulary,
                               const struct sl_cut_head_input *input,
                               sluice_diag *why);
void sl_cut_head_fini(struct sl_cut_head *vocabulary);

/* Add what a part takes to its device's plan. */
void sl_cut_head_plan(const struct sl_cut_head *vocabulary, int number,
                      sluice_memory_plan *plan);

/* Give it its places in the arena: what was added. */
void sl_cut_head_bind(struct sl_cut_head *vocabulary, int number,
                      struct sl_arena *arena);

/* The tables that are cut: of the head, and of an embedding that is not tied to
 * it.  NULL past the last one. */
const struct sl_cut_table *sl_cut_table_at(const struct sl_cut_head *vocabulary,
                                           int i);

/* The same, while they are made. */
struct sl_cut_table *sl_cut_table_made(struct sl_cut_head *vocabulary, int i);

/* The table of an embedding that is cut.  No pointer into the struct: it may be
 * moved. */
static inline const struct sl_cut_table *
sl_cut_rows_table(const struct sl_cut_head *vocabulary)
{
    return vocabulary->rows.tied ? &vocabulary->table : &vocabulary->rows.own;
}

/* Of a micro-batch.  An S makes terms[vectors]; pw[vectors][width], and
 * qw[vectors][width] behind it. */
static inline int64_t sl_cut_head_vectors(const struct sl_cut_head *vocabulary)
{
    return vocabulary->max_rows * vocabulary->positions;
}

#endif

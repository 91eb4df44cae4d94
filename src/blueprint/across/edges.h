/*
 * Edges: the skip connections of a model, as they lie across the stages.  Each
 * copy of the model has its own.
 *
 * From a stage to a later one an edge has a link for the activations and one
 * for the gradients on the way back; their slots lie at the end that reads. An
 * item of an edge is numbered as the micro-batch is on the way between
 * neighbours: all stages of a copy take the micro-batches in one order.  Within
 * one stage the tensor lasts only as long as an action, and lies in the
 * device's workspace.
 *
 * How many slots:
 *
 *     one device   by the order of its actions, as blueprint/ring.h says
 *     two devices  as many as there are micro-batches between the F and the B
 *                  or I of the first stage, n.  An item is read, by F or R,
 *                  before the B or I of its micro-batch on the second stage,
 *                  and so before that on the first.  A gradient is read by
 *                  that B or I itself.  With n places the queues never make
 *                  an end wait: an edge adds no deadlock and no idle time
 *     forwards     nothing tells the first stage: n + 2 slots by queue
 *
 * Threads: the thread that creates the pipeline; constant afterwards, except
 * what the slots hold.
 */
#ifndef SL_BLUEPRINT_ACROSS_EDGES_H
#define SL_BLUEPRINT_ACROSS_EDGES_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/model.h>
#include <sluice/schedule.h>

#include "base/memory.h"
#include "base/slots.h"
#include "blueprint/coordinates.h"
#include "blueprint/program.h"
#include "blueprint/shards/spread.h"
#include "blueprint/stage.h"

/* Where a layer is. */
struct sl_edge_end {
    int stage; /* of a replica */
    int unit;  /* of the stage */
};

struct sl_edge {
    struct sl_edge_end stash;
    struct sl_edge_end pop;
    int capacity; /* of its queues; 0: both ends are on one device */
    struct sl_ring activations; /* in the arena of the pop's device; no slots
                                   within one stage */
    struct sl_ring gradients;   /* in that of the stash's device */
    struct sl_ring activations_sent; /* the other ends, if they are in another
                                        process: in the stash's, and */
    struct sl_ring gradients_sent;   /* in the pop's arena */
    int64_t n;                       /* elements of a row of the tensor */
    size_t bytes;    /* of the tensor, of the largest micro-batch */
    size_t inner_at; /* within one stage: where it lies in the workspace */
};

/* Whether both ends are in one stage. */
static inline bool sl_edge_is_inner(const struct sl_edge *edge)
{
    return edge->stash.stage == edge->pop.stage;
}

/* Edges of one replica. */
int sl_n_edges(const sluice_model *model, const struct sl_grid *grid);

/* What edges are made from. */
struct sl_edge_input {
    const sluice_model *model;
    struct sl_grid grid;
    const int *stage_layers; /* [n_stages] */
    int64_t max_rows;
    const sluice_schedule *schedule;
    const struct sl_program *train;
    const sluice_schedule *forward_schedule;
    const struct sl_program *forward;
    int queue_capacity; /* between neighbours */
    const sluice_allocator *allocator;
};

/*
 * Fill in the edges, copy by copy, and prove that both schedules run with them.
 *
 * Shapes   edges[sl_n_edges()].
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY, or as sluice_schedule_verify().
 */
sluice_status sl_edges_make(const struct sl_edge_input *input,
                            struct sl_edge *edges, sluice_diag *why);

/* Its ends are in different processes: each has slots of its own.  Before
 * sl_edge_spread(). */
void sl_edge_part(struct sl_edge *edge);

/* Choose for the slots of an edge that are at a place the device of its team
 * that holds them. */
void sl_edge_spread(struct sl_edge *edge, const struct sl_stage *stages,
                    int place, struct sl_spread *spread);

/* Bytes that the slots of an edge take on a device, and how much of the
 * workspace of a place an edge within one stage needs, those before it
 * included. */
size_t sl_edge_bytes(const struct sl_edge *edge, const struct sl_stage *stages,
                     int place, int shard);
size_t sl_edge_inner_bytes(const struct sl_edge *edge,
                           const struct sl_stage *stages, int place);

/* Let the units at both ends know the edge. */
void sl_edge_join(struct sl_edge *edge, struct sl_stage *stages);

/* Give the slots on a device their memory: sl_edge_bytes(). */
void sl_edge_bind(struct sl_edge *edge, const struct sl_stage *stages,
                  int place, int shard, struct sl_arena *arena);

#endif

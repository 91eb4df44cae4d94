/*
 * What a layout consists of: stages and units with their tensors, products,
 * edges, and the workspace and plan of each device.  blueprint/layout.h
 * computes it.
 *
 * Threads: the thread that creates the pipeline.
 */
#ifndef SL_BLUEPRINT_ARENA_LAYOUT_DATA_H
#define SL_BLUEPRINT_ARENA_LAYOUT_DATA_H

#include <sluice/pipeline.h>

#include "blueprint/across/edges.h"
#include "blueprint/coordinates.h"
#include "blueprint/products.h"
#include "blueprint/stage.h"
#include "blueprint/tensors.h"

/* Parts of a workspace that a team has once, in the arena of one of its
 * devices. */
enum sl_shared_part {
    SL_PAIR_0,
    SL_PAIR_1,
    SL_SAVED,
    SL_LAYER,
    SL_SKIP,
    SL_N_SHARED_PARTS
};

/* Buffers of one device that live within one action only. */
struct sl_workspace {
    int holders[SL_N_SHARED_PARTS]; /* the device of the team that has each */
    size_t pair_bytes;    /* of each of two: y and dy between layers */
    size_t saved_bytes;   /* `saved` of a forward that keeps nothing */
    size_t layer_bytes;   /* a layer's own */
    size_t scratch_bytes; /* a layer's own that does not grow with the rows */
    float *pair[2];
    void *saved;
    void *layer;
    void *scratch;
    size_t skip_bytes; /* tensors from a stash to a pop of the same stage */
    char *skip;
    size_t gradient_bytes; /* of the gradient that the stages of the device use
                              in turn; 0: each has its own */
    int n_rooms;           /* for whole parameters, in ZeRO stage 3 */
    size_t room_bytes;     /* of each: the largest stage of the device */
    float *rooms;          /* [n_rooms] of room_bytes */
    size_t product_bytes;  /* scratch of a matrix product */
    void *product;
    char *spare; /* where all of this lies, and before it the packed
                    copies and stashes of the device: memory of which
                    nothing is read once its list is done */
    size_t spare_bytes;
};

struct sl_layout {
    const sluice_allocator *allocator;
    struct sl_grid grid;
    int n_units;                     /* of one replica, those of all shards */
    int n_tensors;                   /* parameter tensors of the model, each use
                                        of a tied one counted */
    int n_layers;                    /* of the model */
    int *owners;                     /* [n_layers] who has what the layer does
                                        not divide */
    size_t n_pointers;               /* to them, of one replica */
    int n_states;                    /* optimizer state arrays */
    bool asynchronous;               /* the stages have a backup */
    int zero;                        /* the ZeRO stage */
    bool brings;                     /* as in struct sl_update_mode */
    int64_t max_rows;                /* of a micro-batch */
    struct sl_stage *stages;         /* [all stages], those of each replica
                                        together */
    struct sl_unit *units;           /* [n_replicas][n_units], sliced by the
                                        stages */
    struct sl_tensor *tensors;       /* [n_shards][n_tensors], in the model's
                                        order, as each shard holds them */
    int64_t *offsets;                /* [n_shards][n_copies][n_tensors][2],
                                        sliced by the units */
    float **pointers;                /* [n_replicas][n_pointers], the same */
    size_t n_shard_pointers;         /* of one replica; 0 without teams */
    const float **shard_pointers;    /* [n_replicas][n_shard_pointers], the
                                        same */
    int n_products;                  /* of one replica, those of all shards */
    struct sluice_product *products; /* [n_replicas][n_products], sliced by the
                                        units */
    int n_edges;                     /* of one replica */
    struct sl_edge *edges;           /* [n_replicas][n_edges] */
    struct sl_workspace *workspaces; /* [all devices] */
    sluice_memory_plan *plans;       /* [n_devices][n_shards] */
};

/* The tensors as a shard holds them. */
static inline const struct sl_tensor *
sl_layout_tensors(const struct sl_layout *layout, int shard)
{
    return layout->tensors + (size_t)shard * (size_t)layout->n_tensors;
}

/* Where a room begins. */
static inline float *sl_workspace_room(const struct sl_workspace *ws, int room)
{
    return ws->rooms + (size_t)room * (ws->room_bytes / sizeof(float));
}

/* The plan of the device at `at`, of any replica. */
static inline const sluice_memory_plan *
sl_layout_plan(const struct sl_layout *layout, struct sl_coordinates at)
{
    return &layout->plans[sl_replica_device(&layout->grid, at)];
}

#endif

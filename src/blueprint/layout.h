/*
 * The memory plan: what each stage and device needs, to the byte, and where it
 * lies in the device's arena.
 *
 * Computing a layout starts no thread and allocates only control structures;
 * sluice_pipeline_plan() ends there.  Binding it to arenas hands out exactly
 * the bytes that were computed: asserted.
 *
 * Threads: the thread that creates the pipeline.
 */
#ifndef SL_BLUEPRINT_LAYOUT_H
#define SL_BLUEPRINT_LAYOUT_H

#include <sluice/model.h>
#include <sluice/pipeline.h>
#include <sluice/schedule.h>

#include "base/memory.h"
#include "blueprint/across/edges.h"
#include "blueprint/coordinates.h"
#include "blueprint/products.h"
#include "blueprint/program.h"
#include "blueprint/ring.h"
#include "blueprint/stage.h"
#include "blueprint/tensors.h"

/* Buffers of one device that live within one action only. */
struct sl_workspace {
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
    size_t product_bytes; /* scratch of a matrix product */
    void *product;
    char *spare; /* where all of this lies, and before it the packed
                    copies and stashes of the device: memory of which
                    nothing is read once its list is done */
    size_t spare_bytes;
};

struct sl_layout {
    const sluice_allocator *allocator;
    struct sl_grid grid;
    int n_units;                     /* of one replica */
    int n_tensors;                   /* parameter tensors of the model, each use
                                        of a tied one counted */
    size_t n_pointers;               /* to them, of one replica */
    int n_states;                    /* optimizer state arrays */
    bool asynchronous;               /* the stages have a backup */
    int64_t max_rows;                /* of a micro-batch */
    struct sl_stage *stages;         /* [all stages], those of each replica
                                        together */
    struct sl_unit *units;           /* [n_replicas][n_units], sliced by the
                                        stages */
    struct sl_tensor *tensors;       /* [n_tensors], in the model's order */
    int64_t *offsets;                /* [n_copies][n_tensors][2], sliced by
                                        the units */
    float **pointers;                /* [n_replicas][n_pointers], the same */
    int n_products;                  /* of one replica */
    struct sluice_product *products; /* [n_replicas][n_products], sliced by the
                                        units */
    int n_edges;                     /* of one replica */
    struct sl_edge *edges;           /* [n_replicas][n_edges] */
    struct sl_workspace *workspaces; /* [all devices] */
    sluice_memory_plan *plans;       /* [n_devices] */
};

/* What a layout is computed from. */
struct sl_layout_input {
    const sluice_model *model;
    const sluice_schedule *schedule;
    struct sl_grid grid;
    const int *stage_layers;           /* [n_stages] */
    const struct sl_ring_sizes *sizes; /* [n_stages] */
    const int *versions;               /* [n_stages] kept at once */
    const struct sl_edge *edges;       /* [sl_n_edges()] */
    int64_t max_rows;
    int n_states;
    struct sl_products_choice products;
    bool joins;        /* slots of a ring follow each other without a gap */
    bool asynchronous; /* the weights of a step's begin are backed up */
    const sluice_allocator *allocator;
};

/*
 * Whether all sizes stay far from overflow.  Needs no stage_layers; comes
 * before anything else is computed from the sizes.
 *
 * Returns  SLUICE_OK, or SLUICE_INVALID with the bytes that would be needed.
 */
sluice_status sl_layout_check(const struct sl_layout_input *input,
                              sluice_diag *why);

/*
 * Compute the layout of checked sizes.
 *
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY; SLUICE_SYSTEM if a library of matrix
 *          products refused one.
 */
sluice_status sl_layout_init(struct sl_layout *layout,
                             const struct sl_layout_input *input,
                             sluice_diag *why);

void sl_layout_fini(struct sl_layout *layout);

/* Give every buffer of the device at `at` its place in `arena`, whose size is
 * plans[at.place].total. */
void sl_layout_bind(struct sl_layout *layout, struct sl_coordinates at,
                    struct sl_arena *arena);

#endif

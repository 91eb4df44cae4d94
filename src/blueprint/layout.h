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
#include "blueprint/abroad/processes.h"
#include "blueprint/arena/layout_data.h"
#include "blueprint/program.h"
#include "blueprint/ring.h"
#include "blueprint/updates.h"

/* What a layout is computed from. */
struct sl_layout_input {
    const sluice_model *model;
    const sluice_schedule *schedule;
    struct sl_grid grid;
    const struct sl_processes *processes;
    const int *stage_layers;           /* [n_stages] */
    const struct sl_ring_sizes *sizes; /* [n_stages] */
    const int *versions;               /* [n_stages] kept at once */
    const struct sl_edge *edges;       /* [sl_n_edges()] */
    const int *rooms;                  /* [n_devices] for whole parameters */
    int64_t max_rows;
    int n_states;
    int elsewhere; /* a tensor that no stage holds; -1: there is none */
    struct sl_products_choice products;
    bool joins; /* slots of a ring follow each other without a gap */
    const struct sl_update_mode *updates;
    const sluice_allocator *allocator;
};

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
 * the total of its plan.  With teams sl_layout_join() comes after all of them.
 */
void sl_layout_bind(struct sl_layout *layout, struct sl_coordinates at,
                    struct sl_arena *arena);

#endif

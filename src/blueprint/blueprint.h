/*
 * The blueprint: all that is settled about a pipeline before memory is taken
 * and threads are started.  sluice_pipeline_plan() stops here.
 *
 * Threads: the thread that creates the pipeline; constant afterwards.
 */
#ifndef SL_BLUEPRINT_BLUEPRINT_H
#define SL_BLUEPRINT_BLUEPRINT_H

#include <sluice/pipeline.h>

#include "blueprint/coordinates.h"
#include "blueprint/layout.h"
#include "blueprint/abroad/processes.h"
#include "blueprint/program.h"
#include "blueprint/across/ties.h"
#include "blueprint/shards/cut_heads.h"
#include "blueprint/updates.h"

struct sl_blueprint {
    const sluice_allocator *allocator;
    const sluice_model *model;
    sluice_model *body; /* without the layer that is cut; NULL: none is */
    int64_t batch;
    int64_t input_row_bytes; /* of a row of x, as the caller hands it in */
    uint64_t seed;
    enum sl_precision precision;
    struct sl_grid grid;
    struct sl_processes processes; /* which devices this process runs */
    int queue_capacity;
    bool joins; /* the W of a run */
    sluice_finite finite;
    bool checks_recompute;
    const sluice_loss_ops *loss;
    void *loss_config; /* a copy */
    sluice_loss_plan loss_plan;
    const sluice_optimizer_ops *optimizer;
    void *optimizer_config; /* a copy */
    int n_states;
    double learning_rate;              /* at the start */
    sluice_schedule *schedule;         /* rematerialization included */
    sluice_schedule *forward_schedule; /* for evaluation and inference */
    struct sl_program *train;          /* [n_devices] */
    struct sl_program *forward;        /* [n_devices] */
    struct sl_update_mode updates;
    struct sl_findings findings;         /* about `schedule`, and about */
    struct sl_findings forward_findings; /* forward_schedule */
    struct sl_ring_sizes *ring_sizes;    /* [n_stages], enough for both */
    int *stage_layers;                   /* [n_stages] */
    int *rooms; /* [n_devices] for whole parameters, enough for both */
    struct sl_edge *edges; /* [sl_n_edges()] of a replica,
                              without slots */
    struct sl_layout layout;
    struct sl_ties ties;
    struct sl_cut_heads vocabulary; /* n_replicas 0: not cut */
};

/*
 * Check the configuration and draw the blueprint, of the part of a pipeline
 * that runs in one process of a world; NULL: of all of it.
 *
 * Returns  as sluice_pipeline_plan().
 */
sluice_status sl_blueprint_init(struct sl_blueprint *blueprint,
                                const sluice_pipeline_config *config,
                                const struct sl_world_view *view,
                                const sluice_model *model, sluice_diag *why);

/* Terms of an optimizer's total: a tensor each. */
static inline int sl_n_terms(const struct sl_blueprint *blueprint)
{
    return blueprint->layout.n_tensors + (blueprint->body ? 1 : 0);
}

/* The layers that are cut into stages. */
static inline const sluice_model *
sl_stage_layers_of(const struct sl_blueprint *blueprint)
{
    return blueprint->body ? blueprint->body : blueprint->model;
}

/* Also legal on a blueprint of zeros, or one that failed half-way. */
void sl_blueprint_fini(struct sl_blueprint *blueprint);

#endif

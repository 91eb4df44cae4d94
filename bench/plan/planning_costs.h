/* What layers take, for the plan that a command line asks for. */
#ifndef BENCH_PLAN_PLANNING_COSTS_H
#define BENCH_PLAN_PLANNING_COSTS_H

#include "bench/plan/costs_file.h"
#include "bench/plan/planning_config.h"

/* The work of a command line, in the making. */
struct planning_work {
    const struct planning_config *config;
    sluice_model *model;
    int n_layers;
    struct machine machine;
    struct range microbatches; /* that divide the batch */
    struct range replicas;     /* for which there are devices */
    struct range teams;        /* the same */
    sluice_plan_layer *layers; /* [n_layers] */
    int64_t *cells;            /* the memory of `costs`, and their copy */
    struct costs_tables costs; /* [teams][microbatches][n_layers][KINDS] */
    const int64_t *apart;      /* the same memory before it was corrected */
    bool once[RANGE_MAX];      /* [microbatches]: some R of several replicas is
                                  as large: each has one micro-batch */
    sluice_pipeline_config pipeline;
};

/* In a table of one team. */
size_t planning_cells(const struct planning_work *work);

/*
 * Fill work->costs, as the config says: read, measured or modelled.  Teams that
 * cannot be measured are left out, if that is allowed.
 *
 * Returns  SLUICE_OK, or the first error.
 */
sluice_status planning_costs(struct planning_work *work, sluice_diag *why);

/* Write them to config->saves_costs.  Returns  as costs_write(). */
sluice_status planning_save_costs(const struct planning_work *work,
                                  sluice_diag *why);

/*
 * Let the costs of layers be what they take in a plan's own pipeline, which
 * trains a few steps.
 *
 * Returns  SLUICE_OK, or the first error.
 */
sluice_status planning_correct(struct planning_work *work,
                               const sluice_plan *plan, sluice_diag *why);

/* What a device of the plan does before the first F and the first backward of
 * each of its stages.
 *
 * Shapes   ahead_ns[n_stages][SLUICE_N_ACTION_KINDS], that of a backward as B.
 */
void planning_ahead(const struct planning_work *work, const sluice_plan *plan,
                    int64_t *ahead_ns);

/* What actions took in the trial, beside the costs of the plan; nothing if its
 * devices have other speeds than 1, or its vocabulary is cut.  Returns
 * SLUICE_OK, SLUICE_NO_MEMORY. */
sluice_status planning_factors(const struct planning_work *work,
                               struct planned *planned,
                               const struct in_place *times, sluice_diag *why);

/*
 * The machine may be another one than when the layers were timed: time them
 * once more.  `*pace` is the mean of both timings, as a multiple of the first;
 * of layers that are timed alone, which no pipeline has corrected.
 *
 * Returns  SLUICE_OK, or the first error.
 */
sluice_status planning_pace(const struct planning_work *work,
                            const sluice_plan_row *row, double *pace,
                            sluice_diag *why);

#endif

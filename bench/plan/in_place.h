/*
 * What actions take in the pipeline of a plan itself: read from the traces of
 * its own steps.  Layers that are timed apart find other things in the caches
 * and in memory than the stages of a pipeline do.
 */
#ifndef BENCH_PLAN_IN_PLACE_H
#define BENCH_PLAN_IN_PLACE_H

#include <stdint.h>

#include <sluice/plan.h>
#include <sluice/trace.h>

enum { IN_PLACE_STEPS = 15 }; /* at most */

/* Means over the micro-batches of a step, the first one left out where there
 * are others: it includes what is done once. */
struct in_place {
    int n_stages;
    int n;       /* steps that were read */
    int64_t *of; /* [IN_PLACE_STEPS][n_stages][SLUICE_N_ACTION_KINDS]; -1: none
                    of this kind */
};

/* Returns  SLUICE_OK, SLUICE_NO_MEMORY.  in_place_fini() is legal on zeros. */
sluice_status in_place_init(struct in_place *times, int n_stages,
                            sluice_diag *why);
void in_place_fini(struct in_place *times);

/* Read a step; more than IN_PLACE_STEPS are left out. */
void in_place_read(struct in_place *times, const sluice_trace *trace);

/* The medians over the steps, of which there is at least one.
 *
 * Shapes   stage_ns[n_stages][SLUICE_N_ACTION_KINDS]; -1: none of this kind. */
void in_place_medians(const struct in_place *times, int64_t *stage_ns);

/*
 * Correct the costs of layers, in all `n_rows` tables, so that the stages of
 * the plan take what they take in place: each F, B, I and W of a stage's layers
 * by one factor.  Of B, and of I and W, the one that the plan has not gets the
 * factor of the other.  The plan has no cut head.
 *
 * Shapes   costs_ns[n_rows][n_layers][SLUICE_N_ACTION_KINDS]; `own`, the row
 *          by which the plan was priced.
 */
void in_place_correct(const sluice_plan *plan, const int64_t *stage_ns,
                      int64_t *costs_ns, int n_rows, int n_layers, int own);

/* What all stages take of a kind, divided by what their layers take by
 * row_ns[n_layers][KINDS]; 0: the plan has none. */
double in_place_factor(const sluice_plan *plan, const int64_t *stage_ns,
                       const int64_t *row_ns, int kind);

#endif

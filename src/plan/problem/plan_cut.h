/*
 * Planning for a model whose vocabulary is cut: its head is in no stage.  The
 * layers without it are a problem of their own, and each place takes an equal
 * part of the head, as S and T, and of the UPDATE of its table and of that of
 * an embedding that the model begins with.
 *
 * S computes what F and I of the head compute, and T what its W does: as long
 * as no costs of S and T are given, they take as long.  The gradients of an
 * embedding's rows are added with the S's, so its W goes there.
 * Of a sequence the head has its share of the operations.  One thread.
 */
#ifndef SL_PLAN_PROBLEM_PLAN_CUT_H
#define SL_PLAN_PROBLEM_PLAN_CUT_H

#include "plan/problem/problem.h"

enum { SL_PLAN_N_TABLES = 4 }; /* of costs that a config has */

struct sl_plan_cut {
    sluice_plan_config config; /* of the layers without the head; what it
                                  points to is owned, or the caller's */
    sluice_plan_layer *layers; /* [the caller's n_layers] */
    int64_t *cells;            /* the memory of the tables */
    size_t n_cells;
    int64_t *head_ns; /* [rows][KINDS], in the order of the tables' rows: S,
                         T, UPDATE and REDUCE_GRAD of the whole */
    int64_t *once_head_ns; /* the same for once_ns; NULL: it has none */
    int64_t fixed_bytes;   /* of all tables */
    int64_t param_bytes;   /* their parameters alone */
    int n_tables;          /* of the head, and of an embedding that is not tied
                              to it */
    int n_whole;           /* layers with the head */
};

/*
 * Derive it.  sl_plan_cut_fini() in both cases.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID if `config` has no model, or one that
 *          cannot be cut, with the reason; SLUICE_NOT_FOUND if it is a head
 *          alone, of which no plan can be cut; SLUICE_NO_MEMORY.
 */
sluice_status sl_plan_cut_init(struct sl_plan_cut *cut,
                               const sluice_plan_config *config,
                               sluice_diag *why);
void sl_plan_cut_fini(struct sl_plan_cut *cut);

/* How many places can have a part: several devices, no more than rows. */
void sl_plan_cut_places(const struct sl_plan_problem *problem, int *least,
                        int *most);

/* The costs [KINDS] of the head for the problem's division, which is cut. */
const int64_t *sl_plan_head_costs(const struct sl_plan_problem *problem);

/* Its UPDATE, or a replica's share of it under ZeRO. */
double sl_plan_head_update(const struct sl_plan_problem *problem);

#endif

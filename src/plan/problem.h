/* What is planned for, with the defaults in place.  One thread. */
#ifndef SL_PLAN_PROBLEM_H
#define SL_PLAN_PROBLEM_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/plan.h>

/* Sums over the layers before each, for one number of micro-batches. */
struct sl_plan_sums {
    int64_t *forward;  /* [n_layers + 1], these all */
    int64_t *backward; /* B */
    int64_t *split;    /* I and W */
    int64_t *again;    /* R */
    int64_t *fixed;    /* bytes */
    int64_t *saved;    /* bytes of a row */
};

enum { SL_PLAN_N_SUMS = 6 };

struct sl_plan_problem {
    const sluice_plan_config *config;
    const sluice_allocator *allocator;
    int n_layers;
    int n_devices;
    bool capped;              /* some device has a cap */
    bool uneven;              /* devices differ in speed, cap or node */
    bool has_split;           /* every layer has costs of I and W, */
    bool has_whole;           /* of B, */
    bool has_again;           /* and of R */
    int64_t *stage_ns;        /* [SLUICE_PLAN_MAX_STAGES][KINDS], scratch */
    int64_t *storage;         /* [SL_PLAN_N_SUMS][n_layers + 1] */
    struct sl_plan_sums sums; /* of the last sl_plan_sum_up() */
};

/*
 * Check a config, and lay out what depends on it alone.
 *
 * Returns  as sluice_plan_find().
 */
sluice_status sl_plan_problem_init(struct sl_plan_problem *problem,
                                   const sluice_plan_config *config,
                                   sluice_diag *why);

/* Also legal on a problem of zeros. */
void sl_plan_problem_fini(struct sl_plan_problem *problem);

/* Have the sums be those of number `m` of the config's micro-batches. */
void sl_plan_sum_up(struct sl_plan_problem *problem, int m);

/* Rows of the largest micro-batch. */
int64_t sl_plan_rows(const struct sl_plan_problem *problem, int microbatches);

/*
 * Which devices are the `n` fastest; of equal ones the first.
 *
 * Shapes   taken[SLUICE_MAX_DEVICES].
 */
void sl_plan_fastest(const struct sl_plan_problem *problem, int n, bool *taken);

static inline double sl_plan_speed(const struct sl_plan_problem *problem,
                                   int device)
{
    double speed = problem->config->devices[device].speed;
    return speed > 0 ? speed : 1;
}

/* A layer's cost on a device of speed 1; -1: it cannot be had. */
static inline int64_t sl_plan_cost(const struct sl_plan_problem *problem, int m,
                                   int layer, int kind)
{
    size_t row = (size_t)m * (size_t)problem->n_layers + (size_t)layer;
    return problem->config
        ->costs_ns[row * SLUICE_N_ACTION_KINDS + (size_t)kind];
}

#endif

/* What is planned for, with the defaults in place.  One thread. */
#ifndef SL_PLAN_PROBLEM_PROBLEM_H
#define SL_PLAN_PROBLEM_PROBLEM_H

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
    int64_t *lent;     /* bytes, as sl_plan_lent_bytes() */
};

enum { SL_PLAN_N_SUMS = 7 };

/* How rows are shared among replicas and layers among the devices of a team. */
struct sl_plan_division {
    int m;        /* of the config's microbatches */
    int replicas; /* R */
    int team;     /* of the config's teams */
    int zero;     /* ZeRO stage */
    int gather;   /* W's of so many micro-batches are one product; 0: as the
                     schedule has them */
    int joined; /* of the config's microbatches: a W of so many rows costs what
                   that product costs; m, unless gather > 1 */
    enum sl_plan_grouping {
        SL_PLAN_BY_SPEED, /* devices of like speed make a group */
        SL_PLAN_BY_CAP,   /* of like caps */
        SL_PLAN_BY_NODE,  /* one of each node in turn, the fastest first */
    } grouping;
};

/*
 * What is cut and priced are *groups*: the teams that hold the same part of the
 * model, in all replicas.  They wait for each other at the end of each step and
 * have the same lists, so a group is as fast as its slowest device, and has the
 * memory of a team of its smallest.
 */
struct sl_plan_problem {
    const sluice_plan_config *config;
    const struct sl_plan_cut *cut; /* the head is in no stage; NULL: it is */
    const sluice_allocator *allocator;
    int n_layers;
    struct sl_plan_division division; /* that of the last sl_plan_divide() */
    int n_devices;                    /* groups, */
    sluice_plan_device devices[SLUICE_MAX_DEVICES]; /* [n_devices] as one */
    int members[SLUICE_MAX_DEVICES]; /* [n_devices][R][t] the config's */
    bool capped;                     /* some device has a cap */
    bool uneven;                     /* devices differ in speed, cap or node */
    bool has_split;                  /* every layer has costs of I and W, */
    bool has_whole;                  /* of B, */
    bool has_again;                  /* of R */
    bool has_reduce;                 /* and of REDUCE_GRAD */
    int64_t *stage_ns; /* [SLUICE_PLAN_MAX_STAGES][KINDS], scratch */
    int64_t *storage;  /* [SL_PLAN_N_SUMS][n_layers + 1] */
    struct sl_plan_sums sums;
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

/* Rows of the largest micro-batch. */
int64_t sl_plan_rows(const struct sl_plan_problem *problem);

/*
 * Which devices are the `n` fastest; of equal ones the first.
 *
 * Shapes   taken[SLUICE_MAX_DEVICES].
 */
void sl_plan_fastest(const struct sl_plan_problem *problem, int n, bool *taken);

static inline double sl_plan_speed(const struct sl_plan_problem *problem,
                                   int device)
{
    return problem->devices[device].speed;
}

/* The size of a team, and the micro-batches of a replica. */
static inline int sl_plan_team(const struct sl_plan_problem *problem)
{
    return problem->config->teams
               ? problem->config->teams[problem->division.team]
               : 1;
}

static inline int sl_plan_microbatches(const struct sl_plan_problem *problem)
{
    return problem->config->microbatches[problem->division.m] /
           problem->division.replicas;
}

/* The devices of the config that are group `device`: R t of them. */
static inline const int *sl_plan_members(const struct sl_plan_problem *problem,
                                         int device)
{
    return &problem->members[device * problem->division.replicas *
                             sl_plan_team(problem)];
}

/* Whether each of several replicas has one micro-batch: its weights are used
 * once, and the config may have costs for that. */
static inline bool sl_plan_is_once(const struct sl_plan_problem *problem)
{
    return problem->config->once_ns && problem->division.replicas > 1 &&
           sl_plan_microbatches(problem) == 1;
}

/* How much more the first actions of a step take, in the config's table; NULL:
 * nothing. */
static inline const int64_t *
sl_plan_first_costs(const struct sl_plan_problem *problem)
{
    return sl_plan_is_once(problem) ? problem->config->once_first_ns
                                    : problem->config->first_ns;
}

/* Where a layer's costs begin in the config's tables. */
size_t sl_plan_row(const struct sl_plan_problem *problem, int layer);

/* A layer's cost on a device of speed 1; -1: it cannot be had.  Of a W its part
 * of the product that it is joined to; of an UPDATE the device's part. */
int64_t sl_plan_cost(const struct sl_plan_problem *problem, int layer,
                     int kind);

/* What a device holds of a layer's parameters, gradients and states: with ZeRO
 * its part of what is shared out. */
int64_t sl_plan_fixed_bytes(const struct sl_plan_problem *problem, int layer);

/* The same of parameters, gradients and states that are `fixed_bytes` in all,
 * and of which the parameters are `param_bytes`. */
int64_t sl_plan_share_of_fixed(const struct sl_plan_problem *problem,
                               int64_t fixed_bytes, int64_t param_bytes);

/* By how much the whole gradient of a layer exceeds the device's part: it is
 * held for one stage at a time.  0 where gradients are not shared out. */
int64_t sl_plan_lent_bytes(const struct sl_plan_problem *problem, int layer);

#endif

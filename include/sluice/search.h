/*
 * Search for a schedule: the best order that can be found for given costs, a
 * hand-off latency, queues and a limit on the memory of a device.
 *
 * The result is never worse in sluice_simulate() than a schedule of the
 * generators that has the same number of stages, one copy of the model, one
 * update and no recompute, and that keeps the limit; nor than such a schedule
 * after sluice_schedule_split_backward(), or sluice_schedule_warm_up() by one,
 * two or three for each device behind, if it has at most 65,536 actions.  For
 * this comparison the warm-up of a generator is 1, 2 or 3, and other options
 * have their defaults.
 */
#ifndef SLUICE_SEARCH_H
#define SLUICE_SEARCH_H

#include <stddef.h>
#include <stdint.h>

#include <sluice/export.h>
#include <sluice/memory.h>
#include <sluice/schedule.h>
#include <sluice/status.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    SLUICE_SEARCH_TRIES = 2000, /* the default number of tries */
};

/* What is made as short as possible. */
typedef enum sluice_objective {
    SLUICE_MAKESPAN = 0, /* from the first start to the last end of all devices:
                            a step on its own */
    SLUICE_SPAN,         /* from the first start to the last end of one device,
                            of the device that takes longest: what a step costs
                            if steps follow each other without a barrier */
    SLUICE_N_OBJECTIVES
} sluice_objective;

/* Zero means the default in every field except devices, microbatches and
 * stage_costs_ns, which must be given. */
typedef struct sluice_search_config {
    int devices;                   /* K */
    int microbatches;              /* M */
    const int64_t *stage_costs_ns; /* [stages][SLUICE_N_ACTION_KINDS]: the costs
                                      of F, B, I and W, optionally of UPDATE */
    int stages;                    /* of the model, a multiple of K; K */
    int64_t latency_ns;            /* as in sluice_simulate_config */
    int queue_capacity;            /* as in sluice_simulate_config */
    const int64_t *activation_bytes; /* [stages]: what a micro-batch holds from
                                        F to B or W; NULL: 1 each */
    const int64_t *weight_bytes;     /* [stages]: what of that stays from I to
                                        W; NULL: all of it */
    int64_t limit;                   /* of their sum on a device; 0: none */
    sluice_objective objective;
    int tries;     /* changes tried on the best schedule, and in proportion the
                      partial schedules that are tried; negative: none */
    uint64_t seed; /* of the random choice of changes */
    const sluice_allocator *allocator; /* NULL: malloc */
} sluice_search_config;

typedef struct sluice_search_result {
    int64_t makespan_ns; /* simulated */
    int64_t span_ns;     /* simulated */
    int64_t bound_ns;    /* by the objective: no schedule of these stages is
                            better, see below */
    int64_t fixed_ns;    /* makespan or span, by the objective, of the best
                            generator; -1: no generator keeps the limit */
    const char *fixed;   /* the name of that generator, or NULL */
    const char *found;   /* where the result came from before it was
                            improved: a generator's name, "list scheduling",
                            "zb heuristic" or "beam search" */
    int n_candidates;    /* that ran and kept the limit */
    int n_improvements;  /* changes that were kept */
} sluice_search_result;

/*
 * Search.  Candidates are the schedules of the generators, as they are and
 * after the passes named above; those of a list scheduler; with one stage for
 * each device, those of Zero Bubble's heuristic (Qi et al., 2023), which puts
 * W's off until memory or a wait asks for them; and those of a beam search.
 * The list scheduler advances a clock; each device takes the most
 * urgent of its actions that are ready.  It is run with several orders of
 * urgency, with whole and split backwards, and with stages placed in a loop
 * and, for 2K stages, in a V.  The beam search places actions one by one and
 * keeps the most promising partial schedules; how many depends on the size of
 * the problem, and large problems have none.  Then actions of the best
 * candidate are moved within their lists, `tries` times, and a move that makes
 * it better is kept.  Of two that are equal the one is taken that holds less.
 *
 * The bound is that of the better placement, loop or V.  For a makespan it is
 * the longest, over all devices, of the forwards before its first stage and
 * all its own work; for a span, that of its own work, and that of the first
 * stage's forwards and the way of the last micro-batch there and back.
 *
 * The same config gives the same schedule on every machine.  The time is at
 * most in proportion to (candidates + tries) * K * M * stages.
 *
 * Shapes   `result` may be NULL.
 * Threads  any.
 * Returns  SLUICE_OK; SLUICE_INVALID for numbers out of range, no costs,
 *          negative ones, or ones that exceed INT64_MAX over all actions;
 *          SLUICE_NOT_FOUND if no candidate keeps the limit, with the smallest
 *          limit that one would keep; SLUICE_NO_MEMORY.
 */
SLUICE_API sluice_status sluice_schedule_search(
    const sluice_search_config *config, sluice_schedule **out,
    sluice_search_result *result, sluice_diag *why);

#ifdef __cplusplus
}
#endif

#endif

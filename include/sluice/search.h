/*
 * Search for a schedule: the best order that can be found for given costs, a
 * hand-off latency, queues and a limit on the memory of a device.
 *
 * The result is never slower in sluice_simulate() than a schedule of the
 * generators that has the same number of stages, one copy of the model, one
 * update and no recompute, and that keeps the limit.  For this comparison the
 * warm-up is 1, 2 or 3, and other options have their defaults.
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
    int64_t limit;                   /* of their sum on a device; 0: none */
    int tries;     /* changes tried on the best schedule; negative: none */
    uint64_t seed; /* of the random choice of changes */
    const sluice_allocator *allocator; /* NULL: malloc */
} sluice_search_config;

typedef struct sluice_search_result {
    int64_t makespan_ns;       /* simulated */
    int64_t fixed_makespan_ns; /* of the best generator; -1: no generator keeps
                                  the limit */
    const char *fixed;         /* the name of that generator, or NULL */
    const char *found;         /* where the result came from before it was
                                  improved: a generator's name, or "list
                                  scheduling" */
    int n_candidates;          /* that ran and kept the limit */
    int n_improvements;        /* changes that were kept */
} sluice_search_result;

/*
 * Search.  Candidates are the schedules of the generators, and those of a list
 * scheduler.  The list scheduler advances a clock; each device takes the most
 * urgent of its actions that are ready.  It is run with several orders of
 * urgency, with whole and split backwards, and with stages placed in a loop
 * and, for 2K stages, in a V.  Then actions of the best candidate are moved
 * within their lists, `tries` times, and a move that makes it faster is kept.
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

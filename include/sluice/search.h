/*
 * Search for a schedule: the best order that can be found for given costs, a
 * hand-off latency, queues and a limit on the memory of a device.
 *
 * Judged by sluice_simulate(), the result is never worse than any schedule of
 * the generators, with a warm-up of 1, 2 or 3 and otherwise their standard
 * parameters, that has so many stages, one copy of the model, one update and no
 * recompute, and keeps the limit.
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
    SLUICE_SEARCH_TRIES = 2000, /* of improvement, unless a config says other */
};

/* Zero means the default in every field but the first three. */
typedef struct sluice_search_config {
    int devices;                   /* K */
    int microbatches;              /* M */
    const int64_t *stage_costs_ns; /* [stages][SLUICE_N_ACTION_KINDS]: of F, B,
                                      I and W, and perhaps UPDATE */
    int stages;                    /* of the model, a multiple of K; K */
    int64_t latency_ns;            /* as in sluice_simulate_config */
    int queue_capacity;            /* the same */
    const int64_t *activation_bytes; /* [stages]: what a micro-batch holds from
                                        F to B or W; NULL: 1 each */
    int64_t limit;                   /* of their sum on a device; 0: none */
    int tries;     /* changes that are tried on the best; negative: none */
    uint64_t seed; /* of those changes */
    const sluice_allocator *allocator; /* NULL: malloc */
} sluice_search_config;

typedef struct sluice_search_result {
    int64_t makespan_ns;       /* simulated */
    int64_t fixed_makespan_ns; /* of the best of the generators; -1: none of
                                  them keeps the limit */
    const char *fixed;         /* its name, or NULL */
    const char *found;         /* what the result started from: a generator's
                                  name, or "list scheduling" */
    int n_candidates;          /* that ran and kept the limit */
    int n_improvements;        /* changes that were kept */
} sluice_search_result;

/*
 * Search.  Candidates are the schedules of the generators, and those of a list
 * scheduler: on a clock, each device takes the most urgent of the actions that
 * are ready, under several ideas of urgency, with whole and split backwards,
 * with stages placed in a loop and, for 2K of them, in a V.  Then actions of
 * the best one are moved within their lists, `tries` times, and what makes it
 * faster is kept.
 *
 * The same config gives the same schedule, everywhere.  Work: candidates and
 * tries times K M stages.
 *
 * Shapes   `result` may be NULL.
 * Threads  any.
 * Returns  SLUICE_OK; SLUICE_INVALID for numbers out of range, no costs,
 *          negative ones, or ones that exceed INT64_MAX over all actions;
 *          SLUICE_NOT_FOUND if nothing keeps the limit, with the least that was
 *          found to do; SLUICE_NO_MEMORY.
 */
SLUICE_API sluice_status sluice_schedule_search(
    const sluice_search_config *config, sluice_schedule **out,
    sluice_search_result *result, sluice_diag *why);

#ifdef __cplusplus
}
#endif

#endif

/*
 * A trace, checked, and where in it each action is.
 *
 * Threads: any, one at a time; reads the trace only.
 */
#ifndef SL_ATTRIBUTION_TRACE_INDEX_H
#define SL_ATTRIBUTION_TRACE_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sluice/memory.h>
#include <sluice/status.h>
#include <sluice/trace.h>

#include "attribution/fold.h"

/* Kinds of actions in a trace: those of schedules, and the reduction. */
enum { SL_N_TRACED_KINDS = SLUICE_N_ACTION_KINDS };

/* What travels between devices. */
enum sl_way {
    SL_FORWARD = 0, /* F: from stage s to s + 1 */
    SL_BACKWARD,    /* B and I: from s to s - 1 */
    SL_N_WAYS,
    SL_NO_WAY = SL_N_WAYS
};

struct sl_index {
    const sluice_allocator *allocator;
    const sluice_trace *trace; /* without sends and receives */
    struct sl_fold fold;       /* that trace, if the caller's had any */
    int n_stages;              /* one more than the largest in the trace */
    int n_microbatches;        /* likewise */
    int depth;             /* stages that a micro-batch goes through: those of
                              one copy of the model, or of one replica */
    int *device;           /* [n_stages]: that holds it; -1: not in the trace */
    int *place[SL_N_WAYS]; /* [n_stages][n_microbatches]: number of its event
                              among its device's; -1: none */
    int *first[SL_N_WAYS]; /* [n_stages]: that of its first; -1: none */
    bool interleaves;      /* some device does an F after a B or I */
    int64_t start_ns;      /* the first start of computing, of any device */
    int64_t end_ns;        /* and its last end; both trace->start_ns if none */
};

/* Whether an action is F, B, I, W or R. */
static inline bool sl_computes(sluice_action action)
{
    return action.kind < SLUICE_UPDATE;
}

/* What of an action was waiting for other devices of the team. */
static inline int64_t sl_team_ns(const sluice_trace_event *event)
{
    int64_t wall = event->end_ns - event->start_ns;
    int64_t team = event->team_wait_ns > 0 ? event->team_wait_ns : 0;
    return team < wall ? team : wall;
}

/* What an action would take on a core of its own: its CPU time, at most its
 * wall time without that; with `cells_sleep` the latter. */
static inline int64_t sl_own_ns(const sluice_trace_event *event,
                                bool cells_sleep)
{
    int64_t wall = event->end_ns - event->start_ns - sl_team_ns(event);
    if (cells_sleep || event->cpu_ns > wall)
        return wall;
    return event->cpu_ns > 0 ? event->cpu_ns : 0;
}

static inline int sl_n_replicas(const sluice_trace *trace)
{
    return trace->n_replicas > 1 ? trace->n_replicas : 1;
}

static inline enum sl_way sl_way_of(sluice_action action)
{
    if (action.kind == SLUICE_F)
        return SL_FORWARD;
    bool back = action.kind == SLUICE_B || action.kind == SLUICE_I;
    return back ? SL_BACKWARD : SL_NO_WAY;
}

/*
 * Check a trace and build its index.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID, as sluice_trace_attribute();
 *          SLUICE_NO_MEMORY.
 */
sluice_status sl_index_init(struct sl_index *index, const sluice_trace *trace,
                            const sluice_allocator *allocator,
                            sluice_diag *why);

void sl_index_fini(struct sl_index *index);

/* The F, or B or I, of a stage and micro-batch; NULL if there is none. */
const sluice_trace_event *sl_index_find(const struct sl_index *index,
                                        enum sl_way way, int stage,
                                        int microbatch);

/*
 * The action that makes the input of `action` on another device; NULL if its
 * input comes from its own device, from outside, or from nowhere.
 */
const sluice_trace_event *sl_index_producer(const struct sl_index *index,
                                            sluice_action action);

/* The stage on another device that takes what `action` makes; -1: none. */
int sl_index_consumer(const struct sl_index *index, sluice_action action);

#endif

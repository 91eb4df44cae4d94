/*
 * What reports look at: a trace whose sends and receives are folded into the
 * actions beside them, and whose replicas and shards have numbers of their own.
 * Any thread.
 */
#ifndef SL_ATTRIBUTION_FOLD_H
#define SL_ATTRIBUTION_FOLD_H

#include <stdbool.h>
#include <stddef.h>

#include <sluice/memory.h>
#include <sluice/status.h>
#include <sluice/trace.h>

/* Kinds of a schedule's actions that are left. */
enum { SL_N_SHOWN = SLUICE_UPDATE + 1 };

struct sl_fold {
    sluice_trace trace;                /* without sends and receives */
    sluice_trace_event *storage;       /* [n_stored] */
    const sluice_trace_event **events; /* [n_devices] into `storage` */
    int *n_events;                     /* [n_devices] */
    size_t n_stored;
    int n_devices;
};

/* Whether a trace has sends, receives, replicas or teams. */
bool sl_fold_is_needed(const sluice_trace *trace);

/*
 * Copy a trace without its sends and receives, the stages and micro-batches of
 * a replica numbered behind those of the replicas before it.  In the copy the
 * devices of one shard of all teams are a replica of their own: teams make the
 * same actions together.  The time that
 * they take is idle time; what a RECV waited the next action has waited for its
 * input, what a SEND waited the one before has waited to hand over.
 *
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY.
 */
sluice_status sl_fold_init(struct sl_fold *fold, const sluice_trace *trace,
                           const sluice_allocator *allocator);

/* One that is all zero is allowed. */
void sl_fold_fini(struct sl_fold *fold, const sluice_allocator *allocator);

#endif

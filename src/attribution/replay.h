/*
 * A step executed again by the simulator: the same actions in the same order on
 * the same devices, each with its own duration.  Replicas are executed beside
 * each other.  Any thread.
 */
#ifndef SL_ATTRIBUTION_REPLAY_H
#define SL_ATTRIBUTION_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sluice/attribution.h>

#include "attribution/trace_index.h"

struct sl_replay {
    const struct sl_index *index;
    bool cells_sleep;
    sluice_schedule *schedule; /* NULL: the trace is of none that can run */
    size_t n_costs;
    int64_t *costs;      /* [n_costs], of all actions */
    int64_t **rows;      /* [n_devices] into `costs` */
    double *hand_off_ns; /* [n_devices] of an F, B or I */
};

/*
 * Take the schedule from a trace of at most 2^20 events, without costs for
 * hand-offs.
 *
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY.
 */
sluice_status sl_replay_init(struct sl_replay *replay,
                             const struct sl_index *index, bool cells_sleep,
                             sluice_diag *why);

void sl_replay_fini(struct sl_replay *replay);

/* All hand-offs of a device took `ns`; each of its Fs, Bs and Is then takes its
 * share longer. */
void sl_replay_hand_off(struct sl_replay *replay, int device, int64_t ns);

/*
 * The makespan with queues of `capacity`, or with a core for each device; 0 if
 * that cannot run.
 *
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY.
 */
sluice_status sl_replay(struct sl_replay *replay, int capacity, bool own_cores,
                        int64_t *makespan_ns, sluice_diag *why);

/* The most items that a queue held as an action ended whose output it then
 * took, at least 1: if any action waited for room, the capacity. */
int sl_replay_capacity(const struct sl_replay *replay);

#endif

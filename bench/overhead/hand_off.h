/*
 * A hand-off between two threads, and nothing else: what a pipeline's hand-offs
 * are compared with.  The threads are pinned to two cores, if there are two.
 */
#ifndef BENCH_OVERHEAD_HAND_OFF_H
#define BENCH_OVERHEAD_HAND_OFF_H

#include <stdint.h>

#include <sluice/status.h>

/*
 * Time of one hand-off in ns, one way: half of a round trip, the mean over
 * `round_trips`.  spinning: the receiver polls a word of shared memory, and the
 * sender stores to it beside 16 bytes of payload.  parked: the receiver waits
 * at a condition variable.
 *
 * Blocks   until both threads are done.
 * Returns  SLUICE_OK; SLUICE_NO_MEMORY, SLUICE_SYSTEM if no thread could be
 *          started.
 */
sluice_status hand_off_spinning(int round_trips, double *ns, sluice_diag *why);
sluice_status hand_off_parked(int round_trips, double *ns, sluice_diag *why);

/*
 * The same, parked, to a receiver that has slept for `rest_ns`, while the
 * sender worked: its core may have gone to sleep, too, which takes longer to
 * wake.
 */
sluice_status hand_off_asleep(int round_trips, int64_t rest_ns, double *ns,
                              sluice_diag *why);

#endif

/*
 * Control: how the processes of a world begin and end calls together, commit a
 * step, and stop.
 *
 * A call is an epoch.  In each, process 0 decides, in the order in which
 * messages come to it:
 *
 *     vote   a process can commit            all have voted: COMMIT to all
 *     fail   a process cannot go on          the first one: STOP to all
 *     done   a process has left its actions  all are done: END to all, with
 *                                            the failure that was first
 *     leave  a process has ended its         MISS to all, and STOP, as above;
 *            pipeline, and is needed         END does not wait for that one
 *
 * A process that has ended without leaving is noticed by others, who tell each
 * other (chan/mpi/losses/loss.h): from then on nothing is decided, and nothing
 * waited for.
 *
 * After COMMIT and END no failure counts, after STOP no vote.  A process that
 * has voted leaves it to process 0 whether a failure of its own still counts.
 * A message of an epoch that has not begun here is kept until it does, unless
 * this process has left and the sender has not: then it begins without this
 * one, any number of times.
 *
 * Threads: any, unless a function says otherwise.  The lock comes before that
 * of a failure (chan/failure.h).
 */
#ifndef SL_CHAN_MPI_CONTROL_H
#define SL_CHAN_MPI_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/memory.h>
#include <sluice/status.h>

#include "base/gate.h"
#include "chan/mpi/coordinator.h"
#include "chan/mpi/poll.h"
#include "chan/mpi/wire.h"

/*
 * In this process alone; once all have one, they are introduced.
 *
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY, SLUICE_SYSTEM.
 */
sluice_status sl_control_create(struct sl_wire *wire,
                                const sluice_allocator *allocator,
                                struct sl_control **out);

/*
 * From now on the end of another process is noticed.
 *
 * Blocks   until all have called it.
 */
void sl_control_introduce(struct sl_control *control);

void sl_control_destroy(struct sl_control *control);

/* In a child of fork(): its lock is free. */
void sl_control_abandon(struct sl_control *control);

/*
 * Begin the next epoch.  All processes do, in their own time.  `hooks` may be
 * NULL: this epoch commits nothing, and a failure is told at its end.
 *
 * Threads  the caller's, while no device runs.
 */
void sl_control_begin(struct sl_control *control,
                      const struct sl_control_hooks *hooks);

/*
 * Say that this process cannot go on.  If that counts here and now,
 * stop(context, why) is called, unless `stop` is NULL: under the lock, so that
 * no epoch begins or ends in between, which nobody would have told.  After a
 * vote it does not, for process 0 decides.  While no epoch is under way, or one
 * whose hooks are not of `context` and `stop` is given, it counts, and the next
 * epoch of these must be told.  Behind the end of an epoch it counts in this
 * process alone.
 */
void sl_control_fail(struct sl_control *control, const sluice_diag *why,
                     void (*stop)(void *context, const sluice_diag *why),
                     void *context);

/* Say that this process can commit, at `virtual_ns`.  Once in an epoch. */
void sl_control_vote(struct sl_control *control, int64_t virtual_ns);

/* What was decided so far; its hook has run. */
enum sl_verdict sl_control_verdict(const struct sl_control *control);

/* After COMMIT: the latest time of all votes. */
int64_t sl_control_latest_ns(const struct sl_control *control);

/*
 * End the epoch: this process's devices have left their actions.
 *
 * Threads  the caller's.
 * Blocks   until all processes are done, or one is gone.
 * Returns  SLUICE_OK, or the first failure of all processes, copied to `why`.
 */
sluice_status sl_control_finish(struct sl_control *control, sluice_diag *why);

/*
 * Leave: no epoch follows, until all processes have left and begin anew.  A
 * process that begins an epoch without this one fails.  What the world has
 * given out, which may be less where a process has not seen the others fail, is
 * afterwards the same in all, the most that any had.
 *
 * Threads  the caller's, between epochs.
 * Blocks   until all processes have left, or one is gone.
 */
void sl_control_leave(struct sl_control *control, struct sl_given_out *given);

/* Take what messages there are for a struct sl_control.  Every wait on a
 * transfer does so, too. */
void sl_control_look(void *control);

/* Whether a process has gone, has left while it is needed, or MPI has failed:
 * nothing is to be waited for. */
bool sl_control_is_over(const struct sl_control *control);

/* Whether a process has gone without leaving, or MPI has failed: this stays. */
bool sl_control_is_lost(const struct sl_control *control);

/* Why nothing is to be waited for.  Returns its status. */
sluice_status sl_control_loss(struct sl_control *control, sluice_diag *why);

/*
 * Look until ready(state) is true: by spinning as `patience` says, and then
 * with pauses in between, for MPI has nothing to park on.
 *
 * Threads  any.
 */
static inline void sl_control_wait(struct sl_control *control,
                                   struct sl_patience patience,
                                   bool (*ready)(void *state), void *state)
{
    sl_poll(patience, ready, state, sl_control_look, control);
}

#endif

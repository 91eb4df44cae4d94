/*
 * Losses: how a process learns that another one has ended without leaving, and
 * which of several that have is named.
 *
 * A process that loses another one ends its call, and then mostly itself, so
 * that a third one may see this end before the first.  Therefore each tells all
 * others (SL_LOST) as soon as it knows, which is before it can end; and it
 * names a process whose end it sees itself only after it has looked for such a
 * letter for a while.  What is known first counts and stays.
 *
 * Threads: any, under the lock of the control.
 */
#ifndef SL_CHAN_MPI_LOSSES_LOSS_H
#define SL_CHAN_MPI_LOSSES_LOSS_H

#include "chan/mpi/coordinator.h"

/* Look whether a process has ended, or MPI has failed.  Comes behind the look
 * for letters. */
void sl_loss_look_locked(struct sl_control *control);

/* A process has ended, as `why` says: tell all others.  Nothing is waited for
 * any more, and every epoch fails with `why`. */
void sl_lose_locked(struct sl_control *control, const sluice_diag *why);

#endif

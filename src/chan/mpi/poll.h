/*
 * Polling: how a thread waits for a message, for which MPI has nothing to park
 * on.
 *
 * Threads: any.
 */
#ifndef SL_CHAN_MPI_POLL_H
#define SL_CHAN_MPI_POLL_H

#include <stdbool.h>

#include "base/gate.h"

/*
 * Return once ready(state) is true.  look(context) is called between looks, not
 * at each of them.
 *
 * Blocks   until then: spins as `patience` says, then pauses between looks.
 */
void sl_poll(struct sl_patience patience, bool (*ready)(void *state),
             void *state, void (*look)(void *context), void *context);

#endif

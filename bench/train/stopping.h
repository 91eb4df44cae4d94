/*
 * SIGINT and SIGTERM while `sluice train` trains: the first one is noted, and
 * the training ends after its step; a second one of the same kind ends the
 * program at once, as it would without us.
 *
 * Threads: the main thread; the handler runs on any that does not block it,
 * which devices do.
 */
#ifndef BENCH_TRAIN_STOPPING_H
#define BENCH_TRAIN_STOPPING_H

#include <stdbool.h>

#include <sluice/status.h>
#include <sluice/world.h>

/* From now on note the signals.  Returns SLUICE_OK, SLUICE_SYSTEM. */
sluice_status stopping_begin(sluice_diag *why);

/*
 * In several processes process 0 decides for all: whether a signal has come,
 * and whether the training goes on.  All call it.
 *
 * Returns  false if a process is gone.
 */
bool stopping_share(sluice_world *world, bool *goes_on);

/* The signal that has come, "SIGINT"; NULL: none has. */
const char *stopping_signal(void);

#endif

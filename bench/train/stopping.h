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
 * Look whether a signal has come, and whether the training goes on: in several
 * processes, where all call it, process 0 decides for all.
 *
 * Returns  false if a process is gone.
 */
bool stopping_share(sluice_world *world, bool *goes_on);

/* The signal that had come then, "SIGINT"; NULL: none had.  It is the same in
 * all processes, whatever comes to one of them meanwhile. */
const char *stopping_signal(void);

#endif

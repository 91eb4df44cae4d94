/*
 * What this process was started as: alone, or by mpirun or srun as one of
 * several, which then run a command together.
 *
 * Only process 0 speaks.  What the others print, standard error included, is
 * dropped, until process 0 is gone; file descriptor 2 stays as it is, for
 * libraries.
 *
 * Threads: the main thread.
 */
#ifndef BENCH_WORLD_LAUNCHED_H
#define BENCH_WORLD_LAUNCHED_H

#include <stdbool.h>

/* Whether a launcher has started other processes, too, by what it has set in
 * the environment. */
bool launched_with_others(void);

/* This process's number among them, as the launcher says; 0 alone. */
int launched_rank(void);

/* Let no process speak but number 0. */
void launched_hush(void);

/* Let this process print to standard error again. */
void launched_speak(void);

#endif

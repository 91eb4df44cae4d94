/*
 * The same work on several cores at once: threads pinned to the cores that this
 * process may use, begun together.
 */
#ifndef BENCH_ROOFLINE_CREW_H
#define BENCH_ROOFLINE_CREW_H

#include <sluice/status.h>

/* The work of member `i`, on its core.  Returns what it measured. */
typedef double crew_work(void *context, int i);

/* Cores that this process may use, at least 1. */
int crew_cores(void);

/* The CPU of a member, as Linux numbers it; -1 if that cannot be found. */
int crew_cpu(int member);

/*
 * Run members first to first + n - 1, each on the core of its number, modulo
 * the cores.
 *
 * Shapes   results[n].
 * Blocks   until all are done.
 * Returns  SLUICE_OK; SLUICE_NO_MEMORY, SLUICE_SYSTEM if no thread could be
 *          started.
 */
sluice_status crew_run(int first, int n, crew_work *work, void *context,
                       double *results, sluice_diag *why);

#endif

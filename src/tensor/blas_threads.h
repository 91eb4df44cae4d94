/*
 * Living with OpenBLAS's threads and buffers, both of which belong to the whole
 * process.
 *
 * While a device computes, a BLAS call must use the calling thread alone:
 * devices would otherwise fight for cores, and two threads per product give
 * other bits than one.  The setting is the host program's, so it gets it back.
 *
 * The host may fork() at any time, from a thread that is not inside BLAS:
 * fork() waits for the products that are run or prepared at that moment, and
 * the child has the host's setting and no users.
 */
#ifndef SL_TENSOR_BLAS_THREADS_H
#define SL_TENSOR_BLAS_THREADS_H

#include <stdbool.h>

#include <sluice/status.h>

#include "tensor/gemm.h"

/*
 * Begin or end a time in which BLAS uses one thread per call.  Users may nest
 * and overlap: the first to enter notes the host's number of threads, the last
 * to leave restores it.  What the host sets in between is lost.
 *
 * Threads  any; leave once for each enter, not necessarily on the same thread.
 *          In a child that was forked in between, leave does nothing.
 * Blocks   for the time of a few instructions.
 */
void sl_blas_enter(void);
void sl_blas_leave(void);

/*
 * Announce `n` more threads that may call BLAS at once, or withdraw them.  The
 * packing buffers for all those announced are then there, so that no product
 * has to map memory - which it would try for ever if there were none.
 *
 * No more than sl_blas_most_callers() are ever announced, for all pipelines of
 * the process together: a thread too many would make BLAS write outside of its
 * table of buffers.  Threads of the host that call BLAS are not counted.
 *
 * Threads  any.
 * Blocks   while buffers are mapped: some microseconds each, once.
 * Returns  SLUICE_OK; SLUICE_NO_MEMORY, nothing being announced, if too many
 *          are announced already or the system has no address space for them;
 *          SLUICE_SYSTEM if it took no handler of fork().
 */
sluice_status sl_blas_reserve(int n, sluice_diag *why);
void sl_blas_unreserve(int n);

#endif

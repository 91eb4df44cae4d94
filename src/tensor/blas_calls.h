/*
 * Which threads are inside a library of matrix products, BLAS or oneDNN.  A
 * fork() copies the locks and buffers of these as they are, so none of the
 * library's threads may be there meanwhile: the child would find the lock of a
 * thread that it does not have.
 *
 * A call begins by counting itself and then looks whether calls are stopped;
 * who stops them says so and then looks at the counts.  One of the two sees the
 * other (Dekker: all of them sequentially consistent), so that no call is under
 * way once sl_blas_calls_stop() has returned.
 *
 * The library's only state that is not in an object, together with that of
 * blas_threads.c, which is the one to stop calls.
 */
#ifndef SL_TENSOR_BLAS_CALLS_H
#define SL_TENSOR_BLAS_CALLS_H

/*
 * Around each call of BLAS, or some calls of oneDNN; not one inside another.
 *
 * Threads  any; both on the same one.
 * Blocks   (begin) while calls are stopped.
 */
void sl_blas_call_begin(void);
void sl_blas_call_end(void);

/*
 * Let no call begin, and wait until those under way have ended; or let them
 * begin again.
 *
 * Threads  any, one at a time, and not between begin and end.
 * Blocks   (stop) for the longest call under way.
 */
void sl_blas_calls_stop(void);
void sl_blas_calls_resume(void);

#endif

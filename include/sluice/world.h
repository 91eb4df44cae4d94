/*
 * A world: processes, on one machine or on several, that run one pipeline
 * together over MPI.
 *
 * Each process creates the same pipeline from the same model and config, except
 * that `world` is its own, and makes the same calls in the same order: create,
 * step, evaluate, infer, reshape, those of a decoder, every call that reads
 * parameters, and destroy.  Those are then collective: each waits for the other
 * processes, and all return the same status and the same result, also if one
 * process alone refuses its arguments or has left.  What sets a parameter sends
 * nothing: each process takes what its devices hold.  A process runs the
 * devices that are its own (sluice_pipeline_config.processes), holds their
 * parameters and no others, and reads rows where it has the first stage and
 * targets where it has the last.
 *
 * The bits are those of one process, a cut vocabulary (vocabulary_parallel)
 * included: with an embedding that is cut, too, a process reads the rows of
 * each replica of which it has a device.  The devices of a team are in one
 * process.
 *
 * A child of fork() has no part in the world: it is refused these calls
 * (SLUICE_INVALID), and may destroy its copies.
 *
 * sluice_pipeline_trace() is the trace of this process's own devices, on its
 * own clock, as of one replica, sluice_pipeline_trace_all() that of all; each
 * process knows the activity of its own devices alone.
 *
 * Checkpoints and weights are saved and loaded by all processes together, too:
 * process 0 writes the file, with the bytes that one process would write, and
 * each reads from it what its devices hold, in either layout.
 *
 * This header needs no mpi.h.  In a build of Sluice without MPI
 * sluice_world_create() is there and returns SLUICE_NOT_FOUND.
 */
#ifndef SLUICE_WORLD_H
#define SLUICE_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sluice/export.h>
#include <sluice/memory.h>
#include <sluice/status.h>
#include <sluice/trace.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct sluice_world sluice_world;
typedef struct sluice_pipeline sluice_pipeline; /* see pipeline.h */

/*
 * Join the processes of a communicator; all of them call it.
 *
 * `communicator` points to the program's MPI_Comm, whose processes then have
 * the numbers that they have in it; it is duplicated.  MPI must have been
 * initialized with MPI_THREAD_MULTIPLE.  NULL: all processes that were started
 * together; MPI is initialized if it is not yet, and then finalized by
 * sluice_world_destroy().
 *
 * Threads  one at a time in the process.
 * Blocks   until all processes have called it.
 * Returns  SLUICE_OK; SLUICE_NO_MEMORY; SLUICE_INVALID if MPI lacks that level
 *          of threads, was finalized, or was not initialized though there is a
 *          communicator; SLUICE_SYSTEM if MPI refuses; SLUICE_NOT_FOUND in a
 *          build without MPI.  If one process alone has no memory or lacks the
 *          level, all return that, with its number.
 */
SLUICE_API sluice_status sluice_world_create(const void *communicator,
                                             const sluice_allocator *allocator,
                                             sluice_world **out,
                                             sluice_diag *why);

/*
 * Leave the world; its pipelines are destroyed already.  NULL is allowed.
 *
 * Blocks   until all processes have called it, unless one of them is gone.
 */
SLUICE_API void sluice_world_destroy(sluice_world *world);

/* This process's number, from 0, and how many processes there are. */
SLUICE_API int sluice_world_rank(const sluice_world *world);
SLUICE_API int sluice_world_size(const sluice_world *world);

/* The process that has gone without leaving, or -1. */
SLUICE_API int sluice_world_lost(const sluice_world *world);

/*
 * Whether all processes have come so far well: each says how it has fared, and
 * `*why` says why, if that is not SLUICE_OK.  All processes call it, at the
 * same point between two calls of a pipeline.  Without a world (NULL) it
 * returns what it is told.
 *
 * Blocks   until all processes have called it, or one is gone.
 * Returns  SLUICE_OK; the first failure of all of them, with its process.
 */
SLUICE_API sluice_status sluice_world_agree(sluice_world *world,
                                            sluice_status status,
                                            sluice_diag *why);

/*
 * Give all processes what `process` has in `buffer`.  All call it, as
 * sluice_world_agree().  Without a world (NULL) nothing is done.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID if there is no such process, or no buffer;
 *          SLUICE_SYSTEM or SLUICE_CLOSED if a process is gone.
 */
SLUICE_API sluice_status sluice_world_share(sluice_world *world, int process,
                                            void *buffer, size_t bytes,
                                            sluice_diag *why);

/*
 * What this process reads of the rows that are handed to step, evaluate and
 * infer: inputs, where a replica has its first stage, and targets, where one
 * has its last.  It may hand in NULL instead of others; then NULL is no error.
 * With a cut vocabulary it reads targets wherever it is, and with a cut
 * embedding inputs, too.  Without a world both are true.
 *
 * Threads  any, while no reshape is under way.
 */
SLUICE_API void sluice_pipeline_reads(const sluice_pipeline *pipe, bool *x,
                                      bool *targets);

/*
 * The same of all devices in all processes (world.h), by the clock of process
 * 0: all processes call it, and get it.  The clocks are compared for it at most
 * 0.1 s before.  Without a world as sluice_pipeline_trace().
 *
 * Blocks   until all processes have called it.
 * Returns  as sluice_pipeline_trace(); SLUICE_NO_MEMORY; SLUICE_SYSTEM or
 *          SLUICE_CLOSED if a process is gone.
 */
SLUICE_API sluice_status sluice_pipeline_trace_all(sluice_pipeline *pipe,
                                                   sluice_trace *trace,
                                                   sluice_diag *why);

/*
 * How many bytes of items and gradients this process has sent to others so far,
 * without what is said beside them.
 *
 * Threads  any.
 */
SLUICE_API uint64_t sluice_world_sent_bytes(const sluice_world *world);

/*
 * Measure MPI itself: half of a round trip of `bytes` between process 0 and 1
 * by MPI_Isend(), MPI_Irecv() and MPI_Test(), in ns, the mean over `n`.  All
 * call it, as sluice_world_agree(), and get it.
 *
 * Blocks   until all have called it, or one is gone.
 * Returns  SLUICE_OK; SLUICE_INVALID if there is one process, or `bytes` is no
 *          length of a message; SLUICE_NO_MEMORY; as sluice_world_agree().
 */
SLUICE_API sluice_status sluice_world_ping(sluice_world *world, size_t bytes,
                                           int n, double *ns, sluice_diag *why);

#ifdef __cplusplus
}
#endif

#endif

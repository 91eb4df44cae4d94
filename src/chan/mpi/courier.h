/*
 * A courier: messages between threads of the processes of a world, one thread
 * in each, that go on beside the steps of a pipeline.  They have a lane and a
 * tag of their own, and each of them goes from one process to one other: no
 * call of all processes comes in between, so nothing of a step is met or
 * waited for.
 *
 * Threads: the one that has the courier, unless a function says otherwise.
 */
#ifndef SL_CHAN_MPI_COURIER_H
#define SL_CHAN_MPI_COURIER_H

#include <stddef.h>

#include <sluice/world.h>

struct sl_courier {
    sluice_world *world;
    int tag;
};

/*
 * That of the callers of a pipeline, and the next one of others, the same in
 * all processes, which therefore all call it in the same order.
 *
 * Threads  the caller's.
 */
struct sl_courier sl_courier_of_callers(sluice_world *world);
struct sl_courier sl_courier_next(sluice_world *world);

/*
 * Send bytes to another process, or receive as many from it.  Messages arrive
 * in the order in which they were sent.
 *
 * Blocks   until the buffer is free, or filled; or a process is lost.
 * Returns  SLUICE_OK, or why a process is lost: then the buffer is free.
 */
sluice_status sl_courier_send(const struct sl_courier *courier, int to,
                              const void *buffer, size_t bytes,
                              sluice_diag *why);
sluice_status sl_courier_receive(const struct sl_courier *courier, int from,
                                 void *buffer, size_t bytes, sluice_diag *why);

#endif

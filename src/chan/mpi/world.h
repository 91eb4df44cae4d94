/*
 * The world: what the processes of a pipeline have in common.  Links and
 * collectives between processes take their tags here, in the same order in all
 * of them, so that they get the same ones (chan/mpi/mpi_kinds.c).
 *
 * Threads: the caller of a pipeline, unless a function says otherwise.
 */
#ifndef SL_CHAN_MPI_WORLD_H
#define SL_CHAN_MPI_WORLD_H

#include <stdbool.h>
#include <stddef.h>

#include <sluice/world.h>

#include "chan/collective.h"
#include "chan/mpi/control.h"

/* A pipeline is about to be created, in all processes. */
void sl_world_start(sluice_world *world);

/* The creation has failed in all processes.  Nothing was sent yet with its
 * tags, of which each may have taken another number: the next one has them
 * again. */
void sl_world_give_up(sluice_world *world);

/*
 * The next n tags of messages, the same in all processes, which therefore all
 * call it in the same order.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID if MPI has too few.
 */
sluice_status sl_world_take_tags(sluice_world *world, int n, int *first,
                                 sluice_diag *why);

/* What links and collectives of the world send with. */
struct sl_wire *sl_world_wire(sluice_world *world);
struct sl_control *sl_world_control(sluice_world *world);

/* The number of the next courier (chan/mpi/courier.h). */
int sl_world_count_courier(sluice_world *world);

/*
 * Begin a job in all processes, after links and collectives have been opened,
 * and finish it when no device runs any more.  A failure in one process stops
 * `everyone` in all of them.  In between, look.
 *
 * Blocks   (finish) until all processes are done, or one is gone.
 * Returns  (finish) SLUICE_OK, or the first failure, the same in all processes.
 */
void sl_world_begin(sluice_world *world, struct sl_collective *everyone);
void sl_world_look(sluice_world *world);
sluice_status sl_world_finish(sluice_world *world, sluice_diag *why);

/*
 * Whether all processes have come so far well.
 *
 * Blocks   until all have called it.
 * Returns  the status of the first that has failed, with its `why`.
 */
sluice_status sl_world_check(sluice_world *world, sluice_status st,
                             sluice_diag *why);

/*
 * Give all processes what process `root` has.  They have agreed before, since
 * the last thing that one of them alone could have refused.
 *
 * Blocks   until all have called it, or one is gone.
 * Returns  SLUICE_OK, or why a process is gone.
 */
sluice_status sl_world_broadcast(sluice_world *world, int root, void *buffer,
                                 size_t bytes, sluice_diag *why);

/* Whether a process is gone: nothing is to be waited for. */
bool sl_world_is_over(const sluice_world *world);

/* The pipeline of this process ends: wait until those of all others do. */
void sl_world_leave(sluice_world *world);

/* In a child of fork(): the world is the parent's. */
void sl_world_abandon(sluice_world *world);

#endif

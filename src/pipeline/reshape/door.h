/*
 * The door of a pipeline: the lock under which its shape is changed, and under
 * which any thread that is not the caller looks at it.  The first in the order
 * of locks.
 *
 * Threads: any.
 */
#ifndef SL_PIPELINE_RESHAPE_DOOR_H
#define SL_PIPELINE_RESHAPE_DOOR_H

#include <sluice/pipeline.h>

/* Make the door.  Returns SLUICE_OK, SLUICE_NO_MEMORY, SLUICE_SYSTEM. */
sluice_status sl_door_init(sluice_pipeline *pipe, sluice_diag *why);
void sl_door_fini(sluice_pipeline *pipe);

/*
 * Keep the shape as it is, until it is opened again.  In a child of fork(),
 * which has one thread, and whose copy of the lock may be held by a thread that
 * it does not have, they do nothing.
 *
 * Blocks   while another thread has shut it: for as long as a shape is put in
 *          the place of another, an activity is read, or a call is cancelled.
 */
void sl_door_shut(const sluice_pipeline *pipe);
void sl_door_open(const sluice_pipeline *pipe);

#endif

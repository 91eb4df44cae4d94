/* The lock of a pipeline's shape.  Any thread. */
#include "pipeline/reshape/door.h"

#include "pipeline/pipeline.h"

sluice_status sl_door_init(sluice_pipeline *pipe, sluice_diag *why)
{
    pipe->door = sl_alloc(pipe->allocator, 1, sizeof *pipe->door);
    if (!pipe->door)
        return sl_no_memory(why, "the lock of a pipeline");
    if (!pthread_mutex_init(pipe->door, NULL))
        return SLUICE_OK;
    sl_free(pipe->allocator, pipe->door, 1, sizeof *pipe->door);
    return sluice_diag_set(why, SLUICE_SYSTEM,
                           "the system refused a lock for the pipeline");
}

void sl_door_fini(sluice_pipeline *pipe)
{
    if (!sl_pipeline_is_inherited(pipe))
        pthread_mutex_destroy(pipe->door);
    sl_free(pipe->allocator, pipe->door, 1, sizeof *pipe->door);
}

void sl_door_shut(const sluice_pipeline *pipe)
{
    if (!sl_pipeline_is_inherited(pipe))
        pthread_mutex_lock(pipe->door);
}

void sl_door_open(const sluice_pipeline *pipe)
{
    if (!sl_pipeline_is_inherited(pipe))
        pthread_mutex_unlock(pipe->door);
}

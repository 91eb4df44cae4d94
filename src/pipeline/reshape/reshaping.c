/*
 * Another shape for a pipeline.  The caller, between two steps; in several
 * processes all callers.
 *
 *   build    The new shape is built as a pipeline of its own, and its devices
 *            settle.  All that can fail is done then, and all processes agree
 *            that none has.
 *   move     Tensors are copied from the old arenas into the new ones
 *            (reshape/moving.h).  The loss of a process alone can end that.
 *   swap     Under the door, the parts of the two pipelines that belong to
 *            their shapes change places; devices and crews are told where they
 *            are now.  A resting device reads its crew alone, so that none sees
 *            it.
 *   end      What has the old shape now is destroyed.
 */
#include <sluice/reshape.h>

#include <stddef.h>
#include <string.h>

#include <sluice/world.h>

#include "pipeline/abroad/abroad.h"
#include "pipeline/create.h"
#include "pipeline/reshape/door.h"
#include "pipeline/reshape/moving.h"

enum {
    SHAPE_AT = offsetof(struct sluice_pipeline, blueprint),
    SHAPE_BYTES = sizeof(struct sluice_pipeline) - SHAPE_AT,
};

static char *shape_of(sluice_pipeline *pipe)
{
    return (char *)pipe + SHAPE_AT;
}

static sluice_status check(const sluice_pipeline *pipe,
                           const sluice_pipeline_config *config,
                           sluice_diag *why)
{
    if (pipe->world != sl_abroad_world(config))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "`world` is not the one that the pipeline was "
                               "created in; give the same");
    if (pipe->allocator != config->allocator)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "`allocator` is not the one that the pipeline "
                               "was created with; give the same");
    return SLUICE_OK;
}

/* Tell what points to a pipeline where it is now. */
static void settle_in(sluice_pipeline *pipe)
{
    pipe->crew->pipe = pipe;
    for (int i = 0; i < pipe->n_local; i++)
        pipe->devices[i].pipe = pipe;
}

/* `room` has as many bytes as a shape. */
static void swap(sluice_pipeline *pipe, sluice_pipeline *next, char *room)
{
    sl_door_shut(pipe);
    memcpy(room, shape_of(pipe), SHAPE_BYTES);
    memcpy(shape_of(pipe), shape_of(next), SHAPE_BYTES);
    memcpy(shape_of(next), room, SHAPE_BYTES);
    settle_in(pipe);
    settle_in(next);
    sl_door_open(pipe);
    pipe->log = next->log;
    pipe->log_context = next->log_context;
    pipe->n_reshapes++;
}

/* All processes move, and then all have the new shape; or none does. */
static sluice_status move(sluice_pipeline *pipe, sluice_pipeline *next,
                          char *room, sluice_diag *why)
{
    struct sl_move move;
    sluice_status st = sl_move_init(&move, pipe, next, why);
    bool has_room = !st;
    st = sluice_world_agree(pipe->world, st, why);
    if (!st)
        st = sl_move_all(&move, why);
    if (has_room)
        sl_move_fini(&move);
    if (!st)
        st = sluice_world_agree(pipe->world, st, why);
    if (!st)
        swap(pipe, next, room);
    return st;
}

static sluice_status reshape(sluice_pipeline *pipe,
                             const sluice_pipeline_config *config,
                             sluice_diag *why)
{
    sluice_pipeline *next;
    if (sl_pipeline_is_inherited(pipe))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "a child of fork() has no devices to reshape; "
                               "create another pipeline there");
    sluice_status st = check(pipe, config, why);
    char *room = sl_alloc(pipe->allocator, SHAPE_BYTES, 1);
    if (!st && !room)
        st = sl_no_memory(why, "reshaping a pipeline");
    st = sluice_world_agree(pipe->world, st, why);
    if (!st)
        st =
            sl_pipeline_create(config, pipe->blueprint.model, pipe, &next, why);
    if (!st) {
        st = move(pipe, next, room, why);
        sl_pipeline_destroy(next);
    }
    sl_free(pipe->allocator, room, SHAPE_BYTES, 1);
    return st;
}

sluice_status sluice_pipeline_reshape(sluice_pipeline *pipe,
                                      const sluice_pipeline_config *config,
                                      sluice_diag *why)
{
    int cancel_state;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    sluice_status st = reshape(pipe, config, why);
    pthread_setcancelstate(cancel_state, NULL);
    return st;
}

uint64_t sluice_pipeline_n_reshapes(const sluice_pipeline *pipe)
{
    return pipe->n_reshapes;
}

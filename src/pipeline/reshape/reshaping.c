/*
 * Another shape for a pipeline.  The caller, between two steps.
 *
 *   build    The new shape is built as a pipeline of its own, and its devices
 *            settle.  All that can fail is done then.
 *   move     Tensors are copied from the old arenas into the new ones.
 *   swap     Under the door, the parts of the two pipelines that belong to
 *            their shapes change places; devices and crews are told where they
 *            are now.  A resting device reads its crew alone, so that none sees
 *            it.
 *   end      What has the old shape now is destroyed.
 */
#include <sluice/reshape.h>

#include <stddef.h>
#include <string.h>

#include "pipeline/create.h"
#include "pipeline/parameters.h"
#include "pipeline/reshape/door.h"

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
    if (sl_pipeline_is_inherited(pipe))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "a child of fork() has no devices to reshape; "
                               "create another pipeline there");
    if (pipe->world || config->world)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "`world`: a pipeline in several processes "
                               "cannot be reshaped; save its tensors and "
                               "create another one");
    if (pipe->allocator != config->allocator)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "`allocator` is not the one that the pipeline "
                               "was created with; give the same");
    return SLUICE_OK;
}

/* Elements of the largest tensor that does not lie in one piece. */
static size_t largest_apart(const sluice_pipeline *pipe)
{
    int64_t n = 0;
    sluice_state_tensor at = {.state = 0};
    while (sluice_pipeline_next_tensor(pipe, &at))
        if (at.parameter.n > n && !sl_pipeline_tensor(pipe, 0, &at))
            n = at.parameter.n;
    return (size_t)n;
}

static void move(const sluice_pipeline *from, sluice_pipeline *to, float *room)
{
    sluice_state_tensor at = {.state = 0};
    while (sluice_pipeline_next_tensor(from, &at)) {
        const float *values = sl_pipeline_tensor(from, 0, &at);
        if (!values) {
            sl_pipeline_copy_tensor(from, &at, room);
            values = room;
        }
        sl_pipeline_put_tensor(to, &at, values);
    }
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

static sluice_status reshape(sluice_pipeline *pipe,
                             const sluice_pipeline_config *config,
                             sluice_diag *why)
{
    sluice_pipeline *next;
    sluice_status st = check(pipe, config, why);
    if (st)
        return st;
    size_t n = largest_apart(pipe);
    float *apart = sl_alloc(pipe->allocator, n, sizeof *apart);
    char *room = sl_alloc(pipe->allocator, SHAPE_BYTES, 1);
    st = apart && room ? sl_pipeline_create(config, pipe->blueprint.model, pipe,
                                            &next, why)
                       : sl_no_memory(why, "reshaping a pipeline");
    if (!st) {
        move(pipe, next, apart);
        swap(pipe, next, room);
        sl_pipeline_destroy(next);
    }
    sl_free(pipe->allocator, room, SHAPE_BYTES, 1);
    sl_free(pipe->allocator, apart, n, sizeof *apart);
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

/*
 * What a pipeline carries from one step to the next: parameters, the states
 * that the optimizer keeps for them, and the number of steps.  For programs
 * that save and restore it by means of their own; sluice_checkpoint_save() and
 * sluice_checkpoint_load() keep all of it in a file.
 */
#ifndef SLUICE_PIPELINE_STATE_H
#define SLUICE_PIPELINE_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/export.h>
#include <sluice/model.h>
#include <sluice/pipeline.h>
#include <sluice/status.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { SLUICE_STATE_NAME = SLUICE_PARAMETER_NAME + 20 };

/* A tensor that steps change and that outlives them: a parameter, or a state
 * that the optimizer keeps for one. */
typedef struct sluice_state_tensor {
    sluice_parameter parameter;   /* it, or whose state it is: same shape */
    int state;                    /* the optimizer's number of it; -1: it is the
                                     parameter */
    char name[SLUICE_STATE_NAME]; /* "0.weight", "state0.0.weight" */
} sluice_state_tensor;

/*
 * Go on to the next tensor, in the order of the model, the states of a
 * parameter behind it.  Zero `*at` before the first:
 *
 *     sluice_state_tensor at = {.state = 0};
 *     while (sluice_pipeline_next_tensor(pipe, &at))
 *         sluice_pipeline_get_tensor(pipe, at.name, values, at.parameter.n,
 *                                    &why);
 *
 * With the number of steps these tensors are all that a later step depends on;
 * sluice_checkpoint_save() keeps both.
 *
 * Threads  any.
 * Returns  true; false, with `*at` as it was, if there are no more.
 */
SLUICE_API bool sluice_pipeline_next_tensor(const sluice_pipeline *pipe,
                                            sluice_state_tensor *at);

/*
 * As sluice_pipeline_get_parameter() and sluice_pipeline_set_parameter(), also
 * for the optimizer's states, which may have any value.
 */
SLUICE_API sluice_status sluice_pipeline_get_tensor(const sluice_pipeline *pipe,
                                                    const char *name,
                                                    float *values, int64_t n,
                                                    sluice_diag *why);
SLUICE_API sluice_status sluice_pipeline_set_tensor(sluice_pipeline *pipe,
                                                    const char *name,
                                                    const float *values,
                                                    int64_t n,
                                                    sluice_diag *why);

/*
 * Say how many steps were made, of a training that goes on here: dropout
 * depends on it, and so does the `step` that an optimizer is told.
 *
 * Threads  while no step is under way.
 */
SLUICE_API void sluice_pipeline_set_n_steps(sluice_pipeline *pipe,
                                            uint64_t n_steps);

/* Whether this process of a world (world.h) holds a parameter, by name; without
 * one it holds all.  False if there is no such parameter. */
SLUICE_API bool sluice_pipeline_holds(const sluice_pipeline *pipe,
                                      const char *name);

#ifdef __cplusplus
}
#endif

#endif

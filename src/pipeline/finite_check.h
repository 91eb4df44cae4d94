/* What a step refuses to update by, as the configuration's `finite` says.  The
 * stage's device. */
#ifndef SL_PIPELINE_FINITE_CHECK_H
#define SL_PIPELINE_FINITE_CHECK_H

#include "pipeline/pipeline.h"

/*
 * Whether training may go on after this sum of losses of a micro-batch.
 *
 * Returns  SLUICE_OK; SLUICE_NOT_FINITE.
 */
sluice_status sl_check_loss(const sluice_pipeline *pipe, double loss_sum,
                            sluice_diag *why);

/* As below, where boundaries are looked at. */
sluice_status sl_look_at_boundary(const char *what, const float *values,
                                  int64_t n, sluice_diag *why);

/*
 * Whether values[n] may be handed on to another stage; `what` they are, for the
 * sentence: "the output of the stage".
 *
 * Returns  SLUICE_OK; SLUICE_NOT_FINITE naming the element.
 */
static inline sluice_status sl_check_boundary(const sluice_pipeline *pipe,
                                              const char *what,
                                              const float *values, int64_t n,
                                              sluice_diag *why)
{
    bool looks = pipe->blueprint.finite == SLUICE_FINITE_BOUNDARIES &&
                 pipe->job.training;
    return looks ? sl_look_at_boundary(what, values, n, why) : SLUICE_OK;
}

/*
 * Whether the gradients of a stage, complete, may go into an update: what the
 * device has of them.
 *
 * Returns  SLUICE_OK; SLUICE_NOT_FINITE naming parameter and element.
 */
sluice_status sl_check_gradients(const struct sl_device *device,
                                 const struct sl_stage *stage,
                                 sluice_diag *why);

#endif

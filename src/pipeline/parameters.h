/*
 * Parameters and optimizer states by name, wherever they lie: for those who
 * save and restore all of them.
 *
 * Threads: the caller's, while no step, evaluation or inference is under way.
 */
#ifndef SL_PIPELINE_PARAMETERS_H
#define SL_PIPELINE_PARAMETERS_H

#include <sluice/pipeline_state.h>

#include "pipeline/pieces/tensor_run.h"

/* The number of the state that a name is one of, "state0.0.weight"; -1: it is
 * none. */
int sl_tensor_state(const char *name);

/* Where a tensor of sluice_pipeline_next_tensor() lies in the copy of the model
 * that holder number `holder` of each part belongs to; all hold the same. NULL:
 * it is cut across devices. */
float *sl_pipeline_tensor(const sluice_pipeline *pipe, int holder,
                          const sluice_state_tensor *tensor);

/* Its runs. */
int sl_tensor_n_runs(const sluice_pipeline *pipe,
                     const sluice_state_tensor *tensor);
struct sl_tensor_run sl_tensor_run_at(const sluice_pipeline *pipe,
                                      const sluice_state_tensor *tensor, int i);

/* The same as a parameter, and what of it is meant. */
struct sl_tensor_item sl_tensor_item_of(const sluice_state_tensor *tensor);

/* Whether a process, or this one, holds it, in any copy and under any use. */
bool sl_pipeline_has_tensor_in(const sluice_pipeline *pipe, int process,
                               const sluice_state_tensor *tensor);
bool sl_pipeline_has_tensor(const sluice_pipeline *pipe,
                            const sluice_state_tensor *tensor);

/* Copy it out, put together from its parts if it is cut.  All of it is in this
 * process. */
void sl_pipeline_copy_tensor(const sluice_pipeline *pipe,
                             const sluice_state_tensor *tensor, float *values);

/* Copy values into all copies of it; cannot fail. */
void sl_pipeline_put_tensor(sluice_pipeline *pipe,
                            const sluice_state_tensor *tensor,
                            const float *values);

#endif

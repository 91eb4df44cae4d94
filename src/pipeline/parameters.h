/*
 * Parameters and optimizer states by name, wherever they lie: for those who
 * save and restore all of them.
 *
 * Threads: the caller's, while no step, evaluation or inference is under way.
 */
#ifndef SL_PIPELINE_PARAMETERS_H
#define SL_PIPELINE_PARAMETERS_H

#include <sluice/pipeline_state.h>

#include "pipeline/pipeline.h"

/* The number of the state that a name is one of, "state0.0.weight"; -1: it is
 * none. */
int sl_tensor_state(const char *name);

/* Where a tensor of sluice_pipeline_next_tensor() lies in the copy of the model
 * that holder number `holder` of each part belongs to; all hold the same. NULL:
 * it is cut across devices. */
float *sl_pipeline_tensor(const sluice_pipeline *pipe, int holder,
                          const sluice_state_tensor *tensor);

/* A run of its elements, as it lies in several processes, without teams.  The
 * runs of a tensor make it whole, one behind the other; some may be empty. */
struct sl_tensor_run {
    int process;           /* which has it */
    const float *elements; /* [n]; NULL in another process */
    int64_t first;         /* element of the tensor */
    int64_t n;
};
int sl_tensor_n_runs(const sluice_pipeline *pipe,
                     const sluice_state_tensor *tensor);

/* No tensor has more. */
int sl_tensor_most_runs(const sluice_pipeline *pipe);
struct sl_tensor_run sl_tensor_run_at(const sluice_pipeline *pipe,
                                      const sluice_state_tensor *tensor, int i);

/* Whether this process holds it, in any copy and under any use. */
bool sl_pipeline_has_tensor(const sluice_pipeline *pipe,
                            const sluice_state_tensor *tensor);

/* Copy it out, put together from its parts if it is cut.  All of it is in this
 * process. */
void sl_pipeline_copy_tensor(const sluice_pipeline *pipe,
                             const sluice_state_tensor *tensor, float *values);

/* The same in all processes, whichever of them have a copy, or a part of it.
 * All call it.  Returns SLUICE_OK, or why a process is gone. */
sluice_status sl_pipeline_get_everywhere(const sluice_pipeline *pipe,
                                         const sluice_state_tensor *tensor,
                                         float *values, sluice_diag *why);

/* Copy values into all copies of it; cannot fail. */
void sl_pipeline_put_tensor(sluice_pipeline *pipe,
                            const sluice_state_tensor *tensor,
                            const float *values);

#endif

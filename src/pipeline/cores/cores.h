/*
 * Which core each device of a pipeline has, and how its threads wait.
 *
 * Threads: the one that creates the pipeline.
 */
#ifndef SL_PIPELINE_CORES_CORES_H
#define SL_PIPELINE_CORES_CORES_H

#include "pipeline/pipeline.h"

/* Settle how the threads wait, and warn where that makes times misleading. */
void sl_cores_choose_patience(sluice_pipeline *pipe,
                              const sluice_pipeline_config *config,
                              int n_cores);

/* Check the CPUs of SLUICE_PIN_LIST.  Returns SLUICE_OK, SLUICE_INVALID. */
sluice_status sl_cores_check(const sluice_pipeline *pipe,
                             const sluice_pipeline_config *config,
                             const struct sl_topology *topology,
                             sluice_diag *why);

/*
 * A core for each device, or none for any: two pipelines that pinned their
 * devices to one core would halve each other's speed beside an idle core, where
 * the system can share out what is not pinned.  Cores of the pipeline that this
 * one is to replace come first.
 *
 * Returns  whether the devices have cores.
 */
bool sl_cores_allot(sluice_pipeline *pipe, const sluice_pipeline_config *config,
                    const struct sl_topology *topology);

/* Log that there are cores, but other pipelines have them, or a claim cannot be
 * made. */
void sl_cores_say_taken(const sluice_pipeline *pipe,
                        const sluice_pipeline_config *config, int n_cores);

/* Log each device that the system did not let pin itself: it has lost its
 * core. */
void sl_cores_say_unpinned(const sluice_pipeline *pipe,
                           const sluice_pipeline_config *config);

#endif

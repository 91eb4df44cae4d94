/*
 * Whether the processes of a world are about to create the same pipeline.
 * Where they are not, some would wait for messages that others never send.
 *
 * Threads: the caller's.
 */
#ifndef SL_PIPELINE_ABROAD_SAME_CONFIG_H
#define SL_PIPELINE_ABROAD_SAME_CONFIG_H

#include "pipeline/pipeline.h"

/*
 * Compare what decides about messages with that of process 0: the model's
 * parameters and, of the config, everything except what each process may have
 * of its own, cores, caps and speeds of devices, and what loss and optimizer
 * are told; and except the partition.  Without a world nothing is done.
 *
 * Blocks   until all processes have called it.
 * Returns  the same in all processes: SLUICE_OK; SLUICE_INVALID naming the
 *          first field that differs; or why a process is gone.
 */
sluice_status sl_same_config(sluice_pipeline *pipe,
                             const sluice_pipeline_config *config,
                             const sluice_model *model, sluice_diag *why);

/* The same of a partition that is given, `cut` being that of the config: the
 * blueprint knows how long it is. */
sluice_status sl_same_cut(sluice_pipeline *pipe, sluice_cut cut,
                          sluice_diag *why);

#endif

/*
 * What a training means, as opposed to the shape in which it runs: batch, seed,
 * loss and optimizer.
 *
 * Threads: the one that creates the pipeline.
 */
#ifndef SL_PIPELINE_RESHAPE_MEANING_H
#define SL_PIPELINE_RESHAPE_MEANING_H

#include "blueprint/blueprint.h"

/*
 * Whether two blueprints of one model mean the same training.  Settings of loss
 * and optimizer are compared after they were settled: the library's option by
 * option, those of a program's own byte for byte.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID naming the field of the config, and both
 *          values.
 */
sluice_status sl_meaning_check(const struct sl_blueprint *was,
                               const struct sl_blueprint *is, sluice_diag *why);

#endif

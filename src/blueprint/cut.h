/* Which layers go to which stage. */
#ifndef SL_BLUEPRINT_CUT_H
#define SL_BLUEPRINT_CUT_H

#include <sluice/pipeline.h>

#include "blueprint/layout.h"

/*
 * Cut the model as the configuration says; `input` has all but the cut.
 *
 * Shapes   stage_layers[depth], the number of layers of each.
 * Returns  SLUICE_OK; SLUICE_INVALID with the numbers in the sentence;
 *          SLUICE_NO_MEMORY; or, for SLUICE_CUT_TIME, SLUICE_OVER_CAP if no cut
 *          can fit or be measured under the cap, and what a layer returned.
 */
sluice_status sl_cut_model(const sluice_pipeline_config *config,
                           const struct sl_layout_input *input, int depth,
                           int *stage_layers, sluice_diag *why);

#endif

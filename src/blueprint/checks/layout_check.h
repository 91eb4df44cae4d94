/*
 * Checking that all sizes of a layout can be computed.
 *
 * Threads: the thread that creates the pipeline.
 */
#ifndef SL_BLUEPRINT_CHECKS_LAYOUT_CHECK_H
#define SL_BLUEPRINT_CHECKS_LAYOUT_CHECK_H

#include "blueprint/layout.h"

/*
 * Whether all sizes stay far from overflow.  Needs no stage_layers; comes
 * before anything else is computed from the sizes.
 *
 * Returns  SLUICE_OK, or SLUICE_INVALID with the bytes that would be needed.
 */
sluice_status sl_layout_check(const struct sl_layout_input *input,
                              sluice_diag *why);

#endif

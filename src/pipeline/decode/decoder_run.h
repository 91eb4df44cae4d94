/*
 * A decoder's layers, at one position.
 *
 * Threads: the caller's, while no step is under way.
 */
#ifndef SL_PIPELINE_DECODE_DECODER_RUN_H
#define SL_PIPELINE_DECODE_DECODER_RUN_H

#include "pipeline/decode/decoder_parts.h"

/*
 * Run the layers at the decoder's position, as all processes have agreed: each
 * its own.  The token is that of the process of the first layer.
 *
 * Shapes   y[outputs of a position], in all processes
 * Blocks   until all have them, or one is lost.
 * Returns  SLUICE_OK; what a layer returns, in all processes; why a process is
 *          lost.
 */
sluice_status sl_decoder_run(sluice_decoder *decoder, const int32_t *token,
                             float *y, sluice_diag *why);

#endif

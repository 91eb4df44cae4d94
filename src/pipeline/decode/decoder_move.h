/*
 * What goes from one process of a decoder to another: rows, and after a reshape
 * the caches of layers that another process runs now.
 *
 * Threads: the caller's, while no step is under way.
 */
#ifndef SL_PIPELINE_DECODE_DECODER_MOVE_H
#define SL_PIPELINE_DECODE_DECODER_MOVE_H

#include "pipeline/decode/decoder_parts.h"

/*
 * Hand a buffer from one process to another.  All may call it: nothing is done
 * in the others.
 *
 * Blocks   until the buffer is free, or filled; or a process is lost.
 * Returns  SLUICE_OK, or why a process is lost.
 */
sluice_status sl_decoder_hand(const sluice_decoder *decoder, int from, int to,
                              void *buffer, size_t bytes, sluice_diag *why);

/*
 * The place of a decoder in the shape that its pipeline has now, if it is not
 * where the decoder is.  Nothing is sent.
 *
 * Returns  SLUICE_OK; SLUICE_NO_MEMORY.  sl_decoder_leave_place() in all cases.
 */
sluice_status sl_decoder_find_place(const sluice_decoder *decoder,
                                    struct sl_decoder_place *place,
                                    sluice_diag *why);
void sl_decoder_leave_place(const sluice_decoder *decoder,
                            struct sl_decoder_place *place);

/*
 * Move a decoder to a place that all processes have found; `place` is then the
 * old one.  Layers keep what earlier positions have left.
 *
 * Blocks   as sl_decoder_hand().
 * Returns  SLUICE_OK, or why a process is lost.
 */
sluice_status sl_decoder_move(sluice_decoder *decoder,
                              struct sl_decoder_place *place, sluice_diag *why);

#endif

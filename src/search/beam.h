/* Beam search over partial schedules.  One thread. */
#ifndef SL_SEARCH_BEAM_H
#define SL_SEARCH_BEAM_H

#include "search/partial.h"

enum { SL_BEAM_WIDEST = 256 };

/*
 * Place one action after the other, and keep the `width` most promising partial
 * schedules each time.
 *
 * Returns  SLUICE_OK with a schedule; SLUICE_NOT_FOUND if none of those that
 *          were kept could be completed; SLUICE_NO_MEMORY.
 */
sluice_status sl_beam(const struct sl_frame *frame, int width,
                      sluice_schedule **out, sluice_diag *why);

#endif

/*
 * What an adapter says about a reshape, as sentences.
 *
 * Threads: any.
 */
#ifndef SL_TRAIN_ADAPT_TIDINGS_H
#define SL_TRAIN_ADAPT_TIDINGS_H

#include <sluice/adapt.h>

#include "train/adapt/cells.h"

enum { SL_CUT_TEXT = 64 };

/* "4,4", as far as it fits. */
void sl_print_cut(struct sl_cut cut, char text[SL_CUT_TEXT]);

/* Fill in the text: of a reshape from `before` to `after`; and of what a step
 * takes there. */
void sl_tell_reshape(int n_devices, const char *before, const char *after,
                     sluice_adaptation *news);
void sl_tell_measured(sluice_adaptation *news);

/* Of a step that takes longer there, so that the former cut has returned. */
void sl_tell_return(const char *cut, sluice_adaptation *news);

#endif

/*
 * Clipping the gradient by its norm over the whole model, as PyTorch's
 * clip_grad_norm_() does: for every optimizer with a `clip`.
 *
 * Threads: any; no state.
 */
#ifndef SL_NN_OPTIMIZERS_CLIP_H
#define SL_NN_OPTIMIZERS_CLIP_H

#include <sluice/optimizer.h>

/* The measure() of an optimizer with a clip: the sum of the squares of g. */
double sl_clip_measure(const sluice_optimizer_call *call);

/*
 * The prepare() of the optimizer of that name: look at the norm, if there is a
 * clip, which is 0 if there is none.
 *
 * Returns  SLUICE_OK; SLUICE_NOT_FINITE if the norm is not finite.
 */
sluice_status sl_clip_prepare(const char *optimizer, double clip,
                              const sluice_optimizer_call *call);

/*
 * What the gradient is multiplied with: min(1, clip / (norm + 1e-6)), worked
 * out in double and rounded once; 1 if there is no clip.
 */
float sl_clip_factor(double clip, const sluice_optimizer_call *call);

#endif

/*
 * Softmax cross-entropy of classes that are cut across devices.  Any thread.
 *
 * Source   Yeung et al., MLSys 2025, algorithm 2; with m and s the largest y
 *          and the sum of a part, M and S those of all,
 *
 *              M = max m    S = sum of s exp(m - M), in the order of the parts
 *              p of a part = (exp(y - m) / s) * (s exp(m - M) / S)
 *              loss = log(S) + (M - y[label])
 */
#ifndef SL_NN_LOSSES_CLASS_PART_H
#define SL_NN_LOSSES_CLASS_PART_H

#include <sluice/loss.h>

extern const sluice_loss_part_ops sl_cross_entropy_part;

#endif

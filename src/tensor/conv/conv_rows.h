/*
 * Weights of a convolution as tiles read them: rows of a pass's left operand,
 * in blocks of the depth; in a block a row has SL_TILE_ROW floats.
 *
 * Threads: any.
 */
#ifndef SL_TENSOR_CONV_CONV_ROWS_H
#define SL_TENSOR_CONV_CONV_ROWS_H

#include "tensor/conv/conv_pass.h"

/* Floats of the rows of the channels that a pass makes. */
int64_t sl_conv_rows_floats(const struct sl_conv_pass *pass);

/*
 * Write them: row c, channel k and tap t is w[k][c][taps[t].at] for an input
 * gradient, else w[c][k][taps[t].at].
 *
 * Shapes   w[out][in][kernel][kernel] of the group, `taps` floats in a window;
 *          of `in` for an input gradient, else of `out`, those that are made.
 */
void sl_conv_rows(const struct sl_conv_pass *pass, const float *w, int64_t taps,
                  bool is_input, float *rows);

#endif

/*
 * A layer of one's own with integer input: y[rows, n, WIDTH] are the rows
 * weight[x[rows, n]] of weight[VOCABULARY, WIDTH].  It refuses a token beyond
 * the vocabulary, and a pass that asks for the gradient by its input, with
 * SLUICE_INVALID.
 */
#ifndef SL_TEST_TOKENS_H
#define SL_TEST_TOKENS_H

#include <sluice/layer.h>

enum { SL_TEST_VOCABULARY = 7, SL_TEST_TOKEN_WIDTH = 2 };

const sluice_layer_ops *sl_test_lookup_layer(void);

#endif

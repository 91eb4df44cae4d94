/*
 * Attention in double, from the definition: all scores of all heads, one
 * element after the other.
 */
#ifndef SL_TEST_ATTENTION_DOUBLE_H
#define SL_TEST_ATTENTION_DOUBLE_H

#include <sluice/sequence_layers.h>

/* Sizes, and what the layer's config says. */
struct attention_double {
    int64_t rows;
    int64_t positions;
    int64_t width;
    int64_t heads;
    int64_t kv_heads;
    bool causal;
    double rotary;      /* 0: none */
    const double *mask; /* [rows][heads][positions][positions], what each
                           probability is multiplied by; NULL: ones */
};

/* y[rows][positions][width] of x and params {qkv_weight, out_weight, qkv_bias,
 * out_bias}, the biases NULL if there are none. */
void attention_double(const struct attention_double *a, const double *x,
                      const double *const *params, double *y);

#endif

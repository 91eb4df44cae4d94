/*
 * Layers of sequences: each row is n positions of `width` elements, as
 * sluice_embedding() makes them of n tokens.  Linear layers and norms work on
 * positions where their config says per_position (sluice/layer.h).
 */
#ifndef SLUICE_SEQUENCE_LAYERS_H
#define SLUICE_SEQUENCE_LAYERS_H

#include <sluice/layer.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * y[rows, n, width] = x[rows, n, width] + weight[0..n, width], the same for
 * each row: learned positions.  The weights start normal.
 *
 * Shapes  weight[context, width]; a row has at most `context` positions.
 * Saves   nothing.
 */
typedef struct sluice_position_embedding_config {
    int64_t context; /* 0: as many as a row has */
    float std;       /* of the start; 0 means 0.02 */
} sluice_position_embedding_config;
SLUICE_API const sluice_layer_ops *sluice_position_embedding(void);

/*
 * Multi-head attention (Vaswani et al., 2017) of the n positions of a row:
 *
 *     q, k, v = x * qkv_weight + qkv_bias, turned by rotary positions if any
 *     y = (softmax(q * transpose(k) / sqrt(d)) * v of each head, side by side)
 *         * out_weight + out_bias,             d = width / heads
 *
 * `causal`: a position sees those up to itself.  With `kv_heads` fewer heads
 * have keys and values: head h of the queries uses head h / (heads / kv_heads)
 * of them (Ainslie et al., 2023).  `rotary` is the base of rotary positions (Su
 * et al., 2021) in Llama's convention: at position t, elements i and i + d / 2
 * of a head are turned by t * rotary^(-2 i / d).  `dropout` zeroes
 * probabilities in training, by (seed, step, layer, row, head, query, key).
 *
 * Weights start XAVIER, or normal with `std`, and out_weight with `out_std`.
 *
 * Shapes  x, y [rows, n, width]; qkv_weight[width, width + 2 kv_heads d], whose
 *         columns are those of all heads of q, then k, then v, with qkv_bias;
 *         out_weight[width, width], out_bias[width].
 * Saves   q, k, v, in whose place backward_input() puts their gradients; the
 *         outputs of the heads; the largest score of each query and head, and 1
 *         / (sum of exp(score - largest)).  No matrix of n by n: all memory is
 *         linear in n.
 */
typedef struct sluice_attention_config {
    int64_t heads;    /* divides the width */
    int64_t kv_heads; /* divides `heads`; 0: as many */
    bool causal;
    bool no_bias;
    float rotary;  /* 0: none */
    float dropout; /* 0 <= dropout < 1 */
    float std;
    float out_std; /* 0: as `std` */
} sluice_attention_config;
SLUICE_API const sluice_layer_ops *sluice_attention(void);

/*
 * y = act(a) * b, element by element, a being the first and b the second half
 * of x along its last dimension: a gated linear unit behind a linear layer
 * (Dauphin et al., 2017; Shazeer, 2020).  With silu it is SwiGLU.
 *
 * Shapes  y[rows, ..., n] of x[rows, ..., 2 n].
 * Saves   nothing: act(a) is calculated again.
 */
typedef struct sluice_glu_config {
    sluice_activation activation;
} sluice_glu_config;
SLUICE_API const sluice_layer_ops *sluice_glu(void);

#ifdef __cplusplus
}
#endif

#endif

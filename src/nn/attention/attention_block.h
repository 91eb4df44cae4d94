/*
 * Attention in blocks of queries: what lies between the two products of an
 * attention layer.
 *
 * For each head, SL_ATTENTION_BLOCK queries at a time find their scores by all
 * keys (if causal by those up to the last of the block, which halves the work),
 * and of the softmax of each query the largest score and 1 / the sum of exps
 * are kept.  From these the backward pass calculates the probabilities again,
 * block by block (Dao et al., 2022), so that no matrix of all positions by all
 * positions is ever there.  The products go through BLAS by strides: heads are
 * columns of the matrices and are not copied.
 *
 * Threads: the stage's device.
 */
#ifndef SL_NN_ATTENTION_ATTENTION_BLOCK_H
#define SL_NN_ATTENTION_ATTENTION_BLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/sequence_layers.h>

#include "base/split.h"
#include "tensor/kernels/operands.h"

/* Rows of scores do not begin a power of two apart, where they would compete
 * for the same lines of a cache. */
enum { SL_ATTENTION_BLOCK = 64, SL_ATTENTION_GAP = 16 };

/* The sizes of a layer. */
struct sl_attention {
    int64_t positions;
    int64_t width; /* n_heads * head_width */
    int64_t n_heads;
    int64_t n_kv_heads;
    int64_t head_width;
    bool causal;
    float dropout; /* of probabilities, in training; else 0 */
};

/* Floats of a position's queries, keys and values, in this order; heads lie
 * side by side in each. */
int64_t sl_attention_qkv_width(const struct sl_attention *a);

/* The heads of queries that share these heads of keys and values. */
struct sl_rows sl_attention_heads(const struct sl_attention *a,
                                  struct sl_rows kv_heads);

/* Pairs of a query and a key that are calculated, for one head of a row. */
int64_t sl_attention_pairs(const struct sl_attention *a);

/* Floats of `room` below: linear in the positions.  SL_SIZE_LIMIT if more. */
int64_t sl_attention_room(const struct sl_attention *a);

/* Of one row of a micro-batch. */
struct sl_attention_row {
    const sluice_layer_call *call; /* for products and random numbers */
    int64_t row;                   /* of the micro-batch */
    float *qkv;                    /* [positions][qkv_width] */
    float *mixed;                  /* [positions][width] */
    struct sl_attended *attended;  /* [n_heads][positions] */
    float *room;                   /* sl_attention_room(), undefined */
    struct sl_rows kv_heads;       /* that are worked, with the queries' heads
                                      that share them: all, or of a team this
                                      device's */
};

/*
 * mixed = softmax(q * transpose(k) / sqrt(head_width)) * v for each head.
 *
 * Shapes   reads qkv; writes mixed and attended, of row->kv_heads.
 * Returns  as sl_gemm_strided().
 */
sluice_status sl_attention_forward(const struct sl_attention *a,
                                   const struct sl_attention_row *row);

/*
 * The same for the last position alone; `mixed` is its own, [width], and of
 * `room` the first positions + SL_ATTENTION_GAP floats are used.
 */
sluice_status sl_attention_last(const struct sl_attention *a,
                                const struct sl_attention_row *row);

/*
 * The gradients by qkv, in its place.
 *
 * Shapes   reads mixed, attended and dmixed[positions][width]; replaces qkv, of
 *          row->kv_heads.
 * Returns  as sl_gemm_strided().
 */
sluice_status sl_attention_backward(const struct sl_attention *a,
                                    const struct sl_attention_row *row,
                                    const float *dmixed);

#endif

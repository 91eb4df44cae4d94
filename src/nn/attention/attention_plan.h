/*
 * The plan of an attention layer: its sizes, parameters and memory.
 *
 * Threads: the thread that builds the model; any for the sizes.
 */
#ifndef SL_NN_ATTENTION_ATTENTION_PLAN_H
#define SL_NN_ATTENTION_ATTENTION_PLAN_H

#include "nn/attention/attention_block.h"

/* Its parameters, and its products by the first two. */
enum {
    SL_ATTENTION_QKV,
    SL_ATTENTION_OUT,
    SL_ATTENTION_QKV_BIAS,
    SL_ATTENTION_OUT_BIAS
};

/* The sizes of a layer whose input sl_attention_infer() has accepted. */
struct sl_attention sl_attention_sizes(const sluice_attention_config *config,
                                       const sluice_shape *in, bool training);

/* Bytes of queries, keys and values of one row. */
int64_t sl_attention_qkv_bytes(const struct sl_attention *a);

/* infer() of the layer.  Returns SLUICE_OK; SLUICE_INVALID for numbers of the
 * config or an input that cannot be. */
sluice_status sl_attention_infer(const void *config, sluice_layer_plan *plan,
                                 sluice_diag *why);

#endif

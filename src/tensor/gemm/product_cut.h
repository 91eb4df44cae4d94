/*
 * What one device of a team makes of a product: some columns of each result,
 * see team_product.h.
 *
 * Threads: any.
 */
#ifndef SL_TENSOR_GEMM_PRODUCT_CUT_H
#define SL_TENSOR_GEMM_PRODUCT_CUT_H

#include <stddef.h>

#include "base/split.h"

struct sl_product_cut {
    int n_shards; /* 1: there is no team */
    int shard;
    struct sl_rows in;  /* columns of dx */
    struct sl_rows out; /* columns of y, of w and of dw */
};

/* Of device `shard` of n_shards, for a product with w[in][out]. */
struct sl_product_cut sl_product_cut_of(int64_t in, int64_t out, int n_shards,
                                        int shard);

/* Bytes of the device's rows of w; 0 without a team. */
size_t sl_product_cut_bytes(const struct sl_product_cut *cut, int64_t out);

/* The device's share of `bytes` that are divided in so many equal parts, as
 * columns are; all of them without a team, or if parts is 0. */
size_t sl_product_cut_share(const struct sl_product_cut *cut, int64_t parts,
                            int64_t bytes);

/* Copy the device's rows of w, w[in][out], from the columns that each device
 * has, shards[n_shards], to to[cut->in.n][out]. */
void sl_product_cut_copy(const struct sl_product_cut *cut, int64_t out,
                         const float *const *shards, float *to);

#endif

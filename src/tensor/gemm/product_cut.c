/* What one device of a team makes of a product.  Any thread. */
#include "tensor/gemm/product_cut.h"

#include <string.h>

struct sl_product_cut sl_product_cut_of(int64_t in, int64_t out, int n_shards,
                                        int shard)
{
    return (struct sl_product_cut){
        .n_shards = n_shards,
        .shard = shard,
        .in = sl_split_columns(in, n_shards, shard),
        .out = sl_split_columns(out, n_shards, shard),
    };
}

size_t sl_product_cut_bytes(const struct sl_product_cut *cut, int64_t out)
{
    if (cut->n_shards == 1)
        return 0;
    return (size_t)cut->in.n * (size_t)out * sizeof(float);
}

size_t sl_product_cut_share(const struct sl_product_cut *cut, int64_t parts,
                            int64_t bytes)
{
    if (cut->n_shards == 1 || parts < 1)
        return (size_t)bytes;
    struct sl_rows own = sl_split_columns(parts, cut->n_shards, cut->shard);
    return (size_t)(bytes / parts * own.n);
}

void sl_product_cut_copy(const struct sl_product_cut *cut, int64_t out,
                         const float *const *shards, float *to)
{
    for (int s = 0; s < cut->n_shards; s++) {
        struct sl_rows theirs = sl_split_columns(out, cut->n_shards, s);
        const float *from = shards[s] + cut->in.first * theirs.n;
        for (int64_t i = 0; i < cut->in.n; i++)
            memcpy(to + i * out + theirs.first, from + i * theirs.n,
                   (size_t)theirs.n * sizeof *to);
    }
}

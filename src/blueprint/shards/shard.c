/* Shards of tensors.  Any thread. */
#include "blueprint/shards/shard.h"

#include <string.h>

#include "base/split.h"

struct sl_shard sl_shard_all(const sluice_shape *shape)
{
    int64_t n = sluice_shape_elements(shape);
    return (struct sl_shard){.n_runs = 1, .run = n, .stride = n};
}

struct sl_shard sl_shard_none(void)
{
    return (struct sl_shard){0};
}

struct sl_shard sl_shard_columns(const sluice_shape *shape, int n_shards,
                                 int shard)
{
    int64_t columns = shape->dims[shape->n_dims - 1];
    struct sl_rows part = sl_split_columns(columns, n_shards, shard);
    return (struct sl_shard){
        .n_runs = sluice_shape_elements(shape) / columns,
        .run = part.n,
        .stride = columns,
        .first = part.first,
    };
}

int64_t sl_shard_elements(const struct sl_shard *shard)
{
    return shard->n_runs * shard->run;
}

int64_t sl_shard_element(const struct sl_shard *shard, int64_t i)
{
    return shard->first + i / shard->run * shard->stride + i % shard->run;
}

void sl_shard_gather(const struct sl_shard *shard, const float *part,
                     float *whole)
{
    for (int64_t i = 0; i < shard->n_runs; i++)
        memcpy(whole + shard->first + i * shard->stride, part + i * shard->run,
               (size_t)shard->run * sizeof *whole);
}

void sl_shard_scatter(const struct sl_shard *shard, const float *whole,
                      float *part)
{
    for (int64_t i = 0; i < shard->n_runs; i++)
        memcpy(part + i * shard->run, whole + shard->first + i * shard->stride,
               (size_t)shard->run * sizeof *part);
}

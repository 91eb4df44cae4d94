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

struct sl_shard sl_shard_rows(const sluice_shape *shape, int n_shards,
                              int shard)
{
    struct sl_rows part = sl_split_columns(shape->dims[0], n_shards, shard);
    int64_t row = sluice_shape_elements(shape) / shape->dims[0];
    return (struct sl_shard){
        .n_runs = 1,
        .run = part.n * row,
        .stride = part.n * row,
        .first = part.first * row,
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

/* All elements on the device. */
static struct sl_chunk all_of(const struct sl_shard *shard)
{
    return (struct sl_chunk){0, sl_shard_elements(shard)};
}

int64_t sl_shard_run_length(const struct sl_shard *shard, struct sl_chunk piece)
{
    int64_t left = shard->run - piece.first % shard->run;
    return left < piece.n ? left : piece.n;
}

/* As above, from element `i` on, before element `end`. */
static int64_t run_length(const struct sl_shard *shard, int64_t i, int64_t end)
{
    return sl_shard_run_length(shard, (struct sl_chunk){i, end - i});
}

void sl_shard_gather_piece(const struct sl_shard *shard, struct sl_chunk piece,
                           const float *part, float *whole)
{
    int64_t end = piece.first + piece.n;
    for (int64_t i = piece.first, n; i < end; i += n) {
        n = run_length(shard, i, end);
        memcpy(whole + sl_shard_element(shard, i), part + (i - piece.first),
               (size_t)n * sizeof *whole);
    }
}

void sl_shard_scatter_piece(const struct sl_shard *shard, struct sl_chunk piece,
                            const float *whole, float *part)
{
    int64_t end = piece.first + piece.n;
    for (int64_t i = piece.first, n; i < end; i += n) {
        n = run_length(shard, i, end);
        memcpy(part + (i - piece.first), whole + sl_shard_element(shard, i),
               (size_t)n * sizeof *part);
    }
}

void sl_shard_gather(const struct sl_shard *shard, const float *part,
                     float *whole)
{
    sl_shard_gather_piece(shard, all_of(shard), part, whole);
}

void sl_shard_scatter(const struct sl_shard *shard, const float *whole,
                      float *part)
{
    sl_shard_scatter_piece(shard, all_of(shard), whole, part);
}

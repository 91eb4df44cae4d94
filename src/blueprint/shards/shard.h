/*
 * A shard: the elements of a tensor that one of several devices holds.  In the
 * tensor they are runs of equal length at equal distances; on the device they
 * lie one run after the other, without gaps.
 *
 *     all of it            1 run of all elements
 *     rows                 1 run of as many rows
 *     columns of a matrix  a run for each row
 *
 * Threads: any.
 */
#ifndef SL_BLUEPRINT_SHARDS_SHARD_H
#define SL_BLUEPRINT_SHARDS_SHARD_H

#include <stdint.h>

#include <sluice/shape.h>

#include "base/chunk.h"

struct sl_shard {
    int64_t n_runs;
    int64_t run;    /* elements of a run */
    int64_t stride; /* from run to run, in the tensor */
    int64_t first;  /* element of the tensor where the first run begins */
};

/* All of a tensor, and nothing of it. */
struct sl_shard sl_shard_all(const sluice_shape *shape);
struct sl_shard sl_shard_none(void);

/* The part of its last dimension that shard `shard` of `n_shards` has, as
 * sl_split_columns() divides it. */
struct sl_shard sl_shard_columns(const sluice_shape *shape, int n_shards,
                                 int shard);

/* The same of its first dimension. */
struct sl_shard sl_shard_rows(const sluice_shape *shape, int n_shards,
                              int shard);

/* Elements on the device. */
int64_t sl_shard_elements(const struct sl_shard *shard);

/* Where element `i` of those on the device lies in the tensor. */
int64_t sl_shard_element(const struct sl_shard *shard, int64_t i);

/* How many of a piece of them, which is not empty, lie in one run with the
 * first. */
int64_t sl_shard_run_length(const struct sl_shard *shard,
                            struct sl_chunk piece);

/* Copy a device's elements to their places in the whole tensor, or from there.
 */
void sl_shard_gather(const struct sl_shard *shard, const float *part,
                     float *whole);
void sl_shard_scatter(const struct sl_shard *shard, const float *whole,
                      float *part);

/* The same of those of its elements that are `piece`, counted on the device:
 * piece.n of them lie at `part`. */
void sl_shard_gather_piece(const struct sl_shard *shard, struct sl_chunk piece,
                           const float *part, float *whole);
void sl_shard_scatter_piece(const struct sl_shard *shard, struct sl_chunk piece,
                            const float *whole, float *part);

#endif

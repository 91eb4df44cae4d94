/*
 * How the rows of a mini-batch are spread over M micro-batches: as evenly as
 * can be, the larger ones first.  With fewer rows than micro-batches the last
 * ones are empty.
 */
#ifndef SL_BASE_SPLIT_H
#define SL_BASE_SPLIT_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/status.h>

/*
 * Check the numbers of a mini-batch.
 *
 * Threads  any.
 * Returns  SLUICE_OK; SLUICE_INVALID if there are no rows or too many, or if
 *          they cannot be shared equally and need to be, naming the nearest
 *          number that divides.
 */
sluice_status sl_split_check(int64_t rows, int n_replicas, int n_microbatches,
                             bool uneven, sluice_diag *why);

/* A run of rows of the mini-batch. */
struct sl_rows {
    int64_t first;
    int64_t n;
};

/* The rows of micro-batch `m` of `n_microbatches`.  Any thread. */
static inline struct sl_rows sl_split_rows(int64_t rows, int n_microbatches,
                                           int m)
{
    int64_t base = rows / n_microbatches;
    int64_t larger = rows % n_microbatches;
    return (struct sl_rows){
        .first = m * base + (m < larger ? m : larger),
        .n = base + (m < larger),
    };
}

/* The same when `n_replicas` share the rows first, as evenly as can be. */
static inline struct sl_rows sl_replica_rows(int64_t rows, int n_replicas,
                                             int replica, int n_microbatches,
                                             int m)
{
    struct sl_rows share = sl_split_rows(rows, n_replicas, replica);
    struct sl_rows part = sl_split_rows(share.n, n_microbatches, m);
    part.first += share.first;
    return part;
}

/*
 * The part of `n` columns that shard `shard` of `n_shards` has.  Where there
 * are enough of them, all parts but the last end on a multiple of 16, a cache
 * line of floats.  A part may be empty if there are fewer columns than shards.
 * Any thread.
 */
struct sl_rows sl_split_columns(int64_t n, int n_shards, int shard);

/* Rows of the largest micro-batch. */
static inline int64_t sl_split_largest(int64_t rows, int n_microbatches)
{
    return (rows + n_microbatches - 1) / n_microbatches;
}

#endif

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

/* How a run of rows is spread: divided once, for many micro-batches. */
struct sl_row_spread {
    int64_t first;  /* row of the first micro-batch */
    int64_t each;   /* rows of every one, at least */
    int64_t larger; /* how many, from the first on, have one more */
};

/* Spread a run of rows over `n_microbatches`.  Any thread. */
static inline struct sl_row_spread sl_spread_over(struct sl_rows rows,
                                                  int n_microbatches)
{
    return (struct sl_row_spread){
        .first = rows.first,
        .each = rows.n / n_microbatches,
        .larger = rows.n % n_microbatches,
    };
}

/* The rows of micro-batch `m`.  Any thread. */
static inline struct sl_rows sl_spread_rows(const struct sl_row_spread *spread,
                                            int m)
{
    bool is_larger = m < spread->larger;
    return (struct sl_rows){
        .first =
            spread->first + m * spread->each + (is_larger ? m : spread->larger),
        .n = spread->each + is_larger,
    };
}

/* The rows of micro-batch `m` of `n_microbatches`.  Any thread. */
static inline struct sl_rows sl_split_rows(int64_t rows, int n_microbatches,
                                           int m)
{
    struct sl_row_spread spread =
        sl_spread_over((struct sl_rows){.n = rows}, n_microbatches);
    return sl_spread_rows(&spread, m);
}

/* How the rows of a replica are spread, when `n_replicas` share all of them
 * first, as evenly as can be.  Any thread. */
static inline struct sl_row_spread
sl_replica_spread(int64_t rows, int n_replicas, int replica, int n_microbatches)
{
    return sl_spread_over(sl_split_rows(rows, n_replicas, replica),
                          n_microbatches);
}

/* Of these the rows of micro-batch `m`. */
static inline struct sl_rows sl_replica_rows(int64_t rows, int n_replicas,
                                             int replica, int n_microbatches,
                                             int m)
{
    struct sl_row_spread spread =
        sl_replica_spread(rows, n_replicas, replica, n_microbatches);
    return sl_spread_rows(&spread, m);
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

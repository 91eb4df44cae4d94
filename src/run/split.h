/*
 * How the rows of a mini-batch are spread over M micro-batches: as evenly as
 * can be, the larger ones first.  With fewer rows than micro-batches the last
 * ones are empty.
 */
#ifndef SL_RUN_SPLIT_H
#define SL_RUN_SPLIT_H

#include <stdint.h>

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

/* Rows of the largest micro-batch. */
static inline int64_t sl_split_largest(int64_t rows, int n_microbatches)
{
    return (rows + n_microbatches - 1) / n_microbatches;
}

#endif

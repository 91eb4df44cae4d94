/* Features and targets from a .npy file each, and a part of them held back. */
#ifndef BENCH_TRAIN_DATA_ARRAY_PAIR_H
#define BENCH_TRAIN_DATA_ARRAY_PAIR_H

#include <sluice/dataset.h>
#include <sluice/status.h>

struct array_pair {
    sluice_array x;
    sluice_array y;
};

/*
 * Read both files; NULL: that one is not wanted, and has no array.
 *
 * Returns  as sluice_npy_read(), with zeros in `pair`; else the caller frees it
 *          with array_pair_fini().
 */
sluice_status array_pair_read(struct array_pair *pair, const char *x,
                              const char *y, sluice_diag *why);
void array_pair_fini(struct array_pair *pair);

/*
 * Move the last rows to `rest`, this share of them, rounded; at least one row
 * goes there, and one stays.  The rows that stay keep their places, so that
 * errors name them as the file does.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID if x and y have different numbers of rows,
 *          or a single one; SLUICE_NO_MEMORY.  On an error both pairs are as
 *          before.
 */
sluice_status array_pair_split(struct array_pair *pair, double share,
                               struct array_pair *rest, sluice_diag *why);

#endif

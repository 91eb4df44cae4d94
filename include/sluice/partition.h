/*
 * Cutting n layers into K contiguous partitions, none empty.
 *
 * All of these write sizes[K], the number of layers of each partition in order,
 * whose sum is n.  They refuse K < 1 and K > n with the numbers in the
 * sentence.
 */
#ifndef SLUICE_PARTITION_H
#define SLUICE_PARTITION_H

#include <sluice/export.h>
#include <sluice/memory.h>
#include <sluice/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Sizes that differ by at most one; the larger ones come first.
 *
 * Returns  SLUICE_OK, SLUICE_INVALID.
 */
SLUICE_API sluice_status sluice_partition_uniform(int n_layers, int devices,
                                                  int *sizes, sluice_diag *why);

/*
 * Check a given list: each at least 1, their sum n_layers.
 *
 * Returns  SLUICE_OK, SLUICE_INVALID.
 */
SLUICE_API sluice_status sluice_partition_check(int n_layers, int devices,
                                                const int *sizes,
                                                sluice_diag *why);

/*
 * The exact minimum of the slowest device: minimize the maximum over
 * partitions of the sum of costs[n_layers], any unit, each finite and not
 * negative, their sum finite too.  Sums are taken in order, in doubles; O(n^2
 * K) time, 8 (n + 1) (K + 1) bytes.  Among cuts of that minimum the one whose
 * partitions, from the first on, are filled as far as the minimum allows.
 *
 * Returns  SLUICE_OK, SLUICE_INVALID, SLUICE_NO_MEMORY.
 */
SLUICE_API sluice_status sluice_partition_minimax(
    const double *costs, int n_layers, int devices,
    const sluice_allocator *allocator, int *sizes, sluice_diag *why);

#ifdef __cplusplus
}
#endif

#endif

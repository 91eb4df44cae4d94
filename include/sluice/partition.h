/*
 * Cutting n layers into K contiguous partitions, none empty.
 *
 * All functions write sizes[K], the number of layers of each partition in
 * order; the sum is n.  They refuse K < 1 and K > n with the numbers in the
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
 * Minimize the cost of the slowest device exactly: the maximum over partitions
 * of the sum of their costs.  costs[n_layers] have any unit; each is finite and
 * not negative, and so is their sum.  Sums are taken in order, in doubles; the
 * call takes O(n^2 K) time and 8 (n + 1) (K + 1) bytes.  If several cuts have
 * that minimum, the result is the one that puts as many layers as possible into
 * the first partition, then into the second, and so on.
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

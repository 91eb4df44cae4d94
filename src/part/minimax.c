/*
 * The exact minimum of the slowest partition, by dynamic programming in
 * O(n^2 K) over
 *
 *     slowest[j][k] = min over i < j of max(slowest[i][k - 1], sum of costs
 * i..j)
 *
 * the best that the first j layers in k partitions can do.  A sum is always
 * taken from the first layer of the partition to its last, in doubles: "exact"
 * means the minimum over all cuts of these very numbers.  Rounding is monotone,
 * so a longer partition never has the smaller sum, which is what makes
 * fill() right.
 */
#include <sluice/partition.h>

#include <math.h>

#include "base/memory.h"
#include "part/part.h"

static sluice_status check_costs(const double *costs, int n_layers,
                                 sluice_diag *why)
{
    double total = 0;
    for (int i = 0; i < n_layers; i++) {
        if (!isfinite(costs[i]) || costs[i] < 0)
            return sluice_diag_set(why, SLUICE_INVALID,
                                   "the cost of layer %d is %g: give finite "
                                   "costs of at least 0",
                                   i, costs[i]);
        total += costs[i];
    }
    if (!isfinite(total))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "the sum of the %d costs overflows: scale them "
                               "down",
                               n_layers);
    return SLUICE_OK;
}

/* slowest[n_layers + 1][devices + 1] holds infinity where there is no cut; row
 * i is final once all rows before it have been extended. */
static void tabulate(const double *costs, int n_layers, int devices,
                     double *slowest)
{
    size_t width = (size_t)devices + 1;
    size_t cells = ((size_t)n_layers + 1) * width;
    for (size_t i = 0; i < cells; i++)
        slowest[i] = INFINITY;
    slowest[0] = 0;
    for (int i = 0; i < n_layers; i++) {
        const double *from = slowest + (size_t)i * width;
        double sum = 0;
        for (int j = i + 1; j <= n_layers; j++) {
            double *to = slowest + (size_t)j * width;
            sum += costs[j - 1];
            for (int k = 1; k <= devices; k++) {
                double worst = from[k - 1] > sum ? from[k - 1] : sum;
                to[k] = worst < to[k] ? worst : to[k];
            }
        }
    }
}

/* Fill each partition in turn as far as `limit` allows, leaving one layer for
 * each that follows. */
static void fill(const double *costs, int n_layers, int devices, double limit,
                 int *sizes)
{
    int first = 0;
    for (int d = 0; d < devices; d++) {
        int end = first + 1;
        int last_end = n_layers - (devices - 1 - d);
        double sum = costs[first];
        while (end < last_end && sum + costs[end] <= limit)
            sum += costs[end++];
        sizes[d] = end - first;
        first = end;
    }
}

sluice_status sluice_partition_minimax(const double *costs, int n_layers,
                                       int devices,
                                       const sluice_allocator *allocator,
                                       int *sizes, sluice_diag *why)
{
    sluice_status st = sl_part_check_counts(n_layers, devices, why);
    if (!st)
        st = check_costs(costs, n_layers, why);
    if (st)
        return st;
    size_t cells = ((size_t)n_layers + 1) * ((size_t)devices + 1);
    double *slowest = sl_alloc(allocator, cells, sizeof *slowest);
    if (!slowest)
        return sl_no_memory(why, "the table of a partition");
    tabulate(costs, n_layers, devices, slowest);
    fill(costs, n_layers, devices, slowest[cells - 1], sizes);
    sl_free(allocator, slowest, cells, sizeof *slowest);
    return SLUICE_OK;
}

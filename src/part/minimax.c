/*
 * The exact minimum of the slowest partition, by dynamic programming in
 * O(n^2 K) over
 *
 *     slowest[j][k] =
 *         min over i < j of max(slowest[i][k - 1], sum of costs i..j)
 *
 * which is the smallest cost of the slowest of k partitions of the first j
 * layers.  A sum is always taken from the first layer of the partition to its
 * last, in doubles: "exact" means the minimum over all cuts of these very
 * numbers.
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

/* The costs of consecutive layers, added up in order. */
struct sum {
    double fixed;
    double scaled;
};

/* The sum of a partition that begins with layer `first` and gets one more. */
static struct sum sum_with(struct sum sum, const struct sl_part_costs *costs,
                           int first, int layer)
{
    sum.fixed += costs->fixed[layer];
    sum.scaled += costs->scaled ? costs->scaled[layer] : 0;
    if (!costs->pairs_of)
        return sum;
    for (int i = costs->pairs_of[layer]; i < costs->pairs_of[layer + 1]; i++) {
        const struct sl_part_pair *pair = &costs->pairs[i];
        if (pair->first < first)
            continue;
        sum.fixed -= pair->fixed;
        sum.scaled -= pair->scaled;
    }
    return sum;
}

/* What they come to in partition `part`. */
static double total(struct sum sum, const struct sl_part_costs *costs, int part)
{
    return costs->factors ? sum.fixed + costs->factors[part] * sum.scaled
                          : sum.fixed;
}

/* slowest[n_layers + 1][parts + 1] holds infinity where there is no cut; row
 * i is final once all rows before it have been extended. */
static void tabulate(const struct sl_part_costs *costs, int n_layers, int parts,
                     double *slowest)
{
    size_t width = (size_t)parts + 1;
    size_t cells = ((size_t)n_layers + 1) * width;
    for (size_t i = 0; i < cells; i++)
        slowest[i] = INFINITY;
    slowest[0] = 0;
    for (int i = 0; i < n_layers; i++) {
        const double *from = slowest + (size_t)i * width;
        struct sum sum = {0, 0};
        for (int j = i + 1; j <= n_layers; j++) {
            double *to = slowest + (size_t)j * width;
            sum = sum_with(sum, costs, i, j - 1);
            for (int k = 1; k <= parts; k++) {
                double own = total(sum, costs, k - 1);
                double worst = from[k - 1] > own ? from[k - 1] : own;
                to[k] = worst < to[k] ? worst : to[k];
            }
        }
    }
}

/* What the layers from `first` to before `end` cost partition `part`. */
static double cost_of(const struct sl_part_costs *costs, int first, int end,
                      int part)
{
    struct sum sum = {0, 0};
    for (int i = first; i < end; i++)
        sum = sum_with(sum, costs, first, i);
    return total(sum, costs, part);
}

/*
 * From the last partition on, take as few layers as leave to those before it
 * what they can do within the minimum: so the first ones are filled as far as
 * it allows.
 */
static void trace_back(const struct sl_part_costs *costs, int n_layers,
                       int parts, const double *slowest, int *sizes)
{
    size_t width = (size_t)parts + 1;
    int end = n_layers;
    double limit = slowest[(size_t)n_layers * width + (size_t)parts];
    for (int p = parts - 1; p >= 0; p--) {
        int first = end - 1;
        while (slowest[(size_t)first * width + (size_t)p] > limit ||
               cost_of(costs, first, end, p) > limit)
            first--;
        sizes[p] = end - first;
        end = first;
    }
}

sluice_status sl_part_minimax(const struct sl_part_costs *costs, int n_layers,
                              int parts, const sluice_allocator *allocator,
                              int *sizes, sluice_diag *why)
{
    sluice_status st = sl_part_check_counts(n_layers, parts, why);
    if (!st)
        st = check_costs(costs->fixed, n_layers, why);
    if (st)
        return st;
    size_t cells = ((size_t)n_layers + 1) * ((size_t)parts + 1);
    double *slowest = sl_alloc(allocator, cells, sizeof *slowest);
    if (!slowest)
        return sl_no_memory(why, "the table of a partition");
    tabulate(costs, n_layers, parts, slowest);
    trace_back(costs, n_layers, parts, slowest, sizes);
    sl_free(allocator, slowest, cells, sizeof *slowest);
    return SLUICE_OK;
}

sluice_status sluice_partition_minimax(const double *costs, int n_layers,
                                       int devices,
                                       const sluice_allocator *allocator,
                                       int *sizes, sluice_diag *why)
{
    return sl_part_minimax(&(struct sl_part_costs){.fixed = costs}, n_layers,
                           devices, allocator, sizes, why);
}

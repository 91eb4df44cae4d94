/* Whether given numbers make a partition. */
#include "part/part.h"

#include <stdint.h>

#include <sluice/partition.h>

sluice_status sl_part_check_counts(int n_layers, int devices, sluice_diag *why)
{
    if (devices < 1)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "%d layers into %d partitions: give at least 1 "
                               "device",
                               n_layers, devices);
    if (devices > n_layers)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "%d layers cannot fill %d partitions: give more "
                               "layers, fewer devices, or fewer stages on each",
                               n_layers, devices);
    return SLUICE_OK;
}

sluice_status sluice_partition_check(int n_layers, int devices,
                                     const int *sizes, sluice_diag *why)
{
    sluice_status st = sl_part_check_counts(n_layers, devices, why);
    if (st)
        return st;
    int64_t sum = 0;
    for (int d = 0; d < devices; d++) {
        if (sizes[d] < 1)
            return sluice_diag_set(why, SLUICE_INVALID,
                                   "partition %d has %d layers: each needs at "
                                   "least 1",
                                   d, sizes[d]);
        sum += sizes[d];
    }
    if (sum != n_layers)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "the sizes of the %d partitions add up to %lld "
                               "layers, the model has %d",
                               devices, (long long)sum, n_layers);
    return SLUICE_OK;
}

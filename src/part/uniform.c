/* Partitions of equal numbers of layers. */
#include <sluice/partition.h>

#include "part/part.h"

sluice_status sluice_partition_uniform(int n_layers, int devices, int *sizes,
                                       sluice_diag *why)
{
    sluice_status st = sl_part_check_counts(n_layers, devices, why);
    if (st)
        return st;
    for (int d = 0; d < devices; d++)
        sizes[d] = n_layers / devices + (d < n_layers % devices);
    return SLUICE_OK;
}

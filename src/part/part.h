/* What the partitioners share.  Any thread; no state. */
#ifndef SL_PART_PART_H
#define SL_PART_PART_H

#include <sluice/memory.h>
#include <sluice/status.h>

/* What two layers cost less if they are in one partition: of the fixed costs of
 * both, and of the scaled ones. */
struct sl_part_pair {
    int first; /* the layer of the two that comes first */
    double fixed;
    double scaled;
};

/* Layer i costs fixed[i] + factors[p] * scaled[i] in partition p, less what its
 * pairs save there.  `scaled` and `factors` must be finite and not negative,
 * and so their sums, and what the savings leave of them. */
struct sl_part_costs {
    const double *fixed;              /* [n_layers] */
    const double *scaled;             /* [n_layers]; NULL: nothing is */
    const double *factors;            /* [parts]; likewise */
    const struct sl_part_pair *pairs; /* those whose second layer is i are the
                                         ones from number pairs_of[i] to before
                                         pairs_of[i + 1] */
    const int *pairs_of;              /* [n_layers + 1]; NULL: there are none */
};

/* SLUICE_OK, or SLUICE_INVALID if `n_layers` layers cannot fill `devices`
 * partitions. */
sluice_status sl_part_check_counts(int n_layers, int devices, sluice_diag *why);

/*
 * sluice_partition_minimax() for layers whose costs depend on the partition.
 *
 * Returns  as that, which judges `fixed`.
 */
sluice_status sl_part_minimax(const struct sl_part_costs *costs, int n_layers,
                              int parts, const sluice_allocator *allocator,
                              int *sizes, sluice_diag *why);

#endif

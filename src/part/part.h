/* What the partitioners share.  Any thread; no state. */
#ifndef SL_PART_PART_H
#define SL_PART_PART_H

#include <sluice/status.h>

/* SLUICE_OK, or SLUICE_INVALID if `n_layers` layers cannot fill `devices`
 * partitions. */
sluice_status sl_part_check_counts(int n_layers, int devices, sluice_diag *why);

#endif

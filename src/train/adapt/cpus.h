/*
 * The CPUs of the machine's devices, and which of them their processes may
 * still use.
 *
 * Threads: the caller's alone.
 */
#ifndef SL_TRAIN_ADAPT_CPUS_H
#define SL_TRAIN_ADAPT_CPUS_H

#include <stdbool.h>

#include <sluice/pipeline.h>

struct sl_cpus {
    int of[SLUICE_MAX_DEVICES];      /* -1: the device is not pinned */
    int process[SLUICE_MAX_DEVICES]; /* of each device */
    bool told[SLUICE_MAX_DEVICES];   /* by other processes: it is lost */
    int rank;                        /* this process */
    int n_devices;
    int n_here;     /* of this process */
    int n_at_start; /* CPUs that the caller might run on */
};

void sl_cpus_note(struct sl_cpus *cpus, const sluice_pipeline *pipe);

/*
 * Which devices have lost their CPU, by a change of the caller's affinity or of
 * its cgroup.  Of devices that are not pinned the last ones are taken to be
 * lost, if there was a CPU for each.  If the system does not tell, none is.  Of
 * other processes it is what they told last.
 *
 * Shapes   lost[n_devices].
 */
void sl_cpus_find_lost(const struct sl_cpus *cpus, bool *lost);

/*
 * Tell the other processes which devices have lost theirs here.  All call it;
 * without others nothing is done.
 *
 * Returns  SLUICE_OK, or why a process is gone.
 */
sluice_status sl_cpus_share(struct sl_cpus *cpus, const sluice_pipeline *pipe,
                            sluice_diag *why);

#endif

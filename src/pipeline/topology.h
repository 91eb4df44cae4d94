/*
 * The machine's cores, by hwloc: which this process may use, and pinning.  The
 * only file that includes hwloc.h is topology.c.
 */
#ifndef SL_PIPELINE_TOPOLOGY_H
#define SL_PIPELINE_TOPOLOGY_H

#include <sluice/status.h>

struct sl_topology {
    void *handle; /* an hwloc_topology_t; NULL: unknown */
    int n_cores;  /* this process may use; at least 1 */
};

/* Look at the machine.  Without an answer there is one core, unpinned. */
void sl_topology_init(struct sl_topology *topology);

void sl_topology_fini(struct sl_topology *topology);

/*
 * Pin the calling thread to core `core`, 0 <= core < n_cores.
 *
 * Threads  any, several at once.
 * Returns  SLUICE_OK, or SLUICE_SYSTEM if the system refuses.
 */
sluice_status sl_topology_pin(const struct sl_topology *topology, int core);

#endif

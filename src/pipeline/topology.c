/* Cores and pinning. */
#include "pipeline/topology.h"

#include <hwloc.h>
#include <unistd.h>

void sl_topology_init(struct sl_topology *topology)
{
    *topology = (struct sl_topology){.n_cores = 1};
    hwloc_topology_t handle;
    /* Without it hwloc complains on stderr, and a library never prints. */
    if (access("/sys/devices/system/cpu", R_OK))
        return;
    if (hwloc_topology_init(&handle))
        return;
    /* Left out by default: what the process's cpuset does not allow. */
    if (hwloc_topology_load(handle)) {
        hwloc_topology_destroy(handle);
        return;
    }
    int n = hwloc_get_nbobjs_by_type(handle, HWLOC_OBJ_CORE);
    topology->handle = handle;
    topology->n_cores = n > 0 ? n : 1;
}

void sl_topology_fini(struct sl_topology *topology)
{
    if (topology->handle)
        hwloc_topology_destroy(topology->handle);
    topology->handle = NULL;
}

sluice_status sl_topology_pin(const struct sl_topology *topology, int core)
{
    if (!topology->handle)
        return SLUICE_SYSTEM;
    hwloc_obj_t object =
        hwloc_get_obj_by_type(topology->handle, HWLOC_OBJ_CORE, (unsigned)core);
    if (!object)
        return SLUICE_SYSTEM;
    hwloc_bitmap_t set = hwloc_bitmap_dup(object->cpuset);
    if (!set)
        return SLUICE_SYSTEM;
    hwloc_bitmap_singlify(set);
    int failed = hwloc_set_cpubind(topology->handle, set, HWLOC_CPUBIND_THREAD);
    hwloc_bitmap_free(set);
    return failed ? SLUICE_SYSTEM : SLUICE_OK;
}

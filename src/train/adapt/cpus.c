/* Which CPUs are left.  The caller's thread. */
#include "train/adapt/cpus.h"

#include <sched.h>
#include <string.h>

#include "pipeline/cores/topology.h"

enum { SET_BYTES = sizeof(cpu_set_t[SL_CPU_SETS]) };

/* 0: the system does not tell. */
static int read_cpus(cpu_set_t set[SL_CPU_SETS])
{
    memset(set, 0, SET_BYTES);
    return sched_getaffinity(0, SET_BYTES, set) ? 0
                                                : CPU_COUNT_S(SET_BYTES, set);
}

void sl_cpus_note(struct sl_cpus *cpus, const sluice_pipeline *pipe)
{
    cpu_set_t set[SL_CPU_SETS];
    cpus->n_at_start = read_cpus(set);
    cpus->n_devices = sluice_pipeline_n_devices(pipe);
    for (int d = 0; d < cpus->n_devices; d++) {
        sluice_device_info info;
        sluice_pipeline_device(pipe, d, &info);
        cpus->of[d] = info.core;
    }
}

void sl_cpus_find_lost(const struct sl_cpus *cpus, bool *lost)
{
    cpu_set_t set[SL_CPU_SETS];
    int n = read_cpus(set);
    for (int d = 0; d < cpus->n_devices; d++) {
        int cpu = cpus->of[d];
        bool is_short = cpus->n_at_start >= cpus->n_devices && d >= n;
        lost[d] =
            n > 0 && (cpu < 0 ? is_short : !CPU_ISSET_S(cpu, SET_BYTES, set));
    }
}

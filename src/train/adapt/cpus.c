/* Which CPUs are left.  The caller's thread. */
#include "train/adapt/cpus.h"

#include <sched.h>
#include <string.h>

#include "pipeline/abroad/abroad.h"
#include "pipeline/cores/topology.h"
#include "pipeline/pipeline.h"

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
    const struct sl_processes *processes = &pipe->blueprint.processes;
    cpus->n_at_start = read_cpus(set);
    cpus->rank = processes->rank;
    cpus->n_devices = sluice_pipeline_n_devices(pipe);
    cpus->n_here = processes->n_local;
    for (int d = 0; d < cpus->n_devices; d++) {
        sluice_device_info info;
        sluice_pipeline_device(pipe, d, &info);
        cpus->of[d] = info.core;
        cpus->process[d] = processes->of[d];
    }
}

void sl_cpus_find_lost(const struct sl_cpus *cpus, bool *lost)
{
    cpu_set_t set[SL_CPU_SETS];
    int n = read_cpus(set), i = 0;
    for (int d = 0; d < cpus->n_devices; d++) {
        int cpu = cpus->of[d];
        if (cpus->process[d] != cpus->rank) {
            lost[d] = cpus->told[d];
            continue;
        }
        bool is_short = cpus->n_at_start >= cpus->n_here && i++ >= n;
        lost[d] =
            n > 0 && (cpu < 0 ? is_short : !CPU_ISSET_S(cpu, SET_BYTES, set));
    }
}

sluice_status sl_cpus_share(struct sl_cpus *cpus, const sluice_pipeline *pipe,
                            sluice_diag *why)
{
    bool here[SLUICE_MAX_DEVICES], of[SLUICE_MAX_DEVICES];
    size_t n = (size_t)cpus->n_devices;
    sluice_status st = SLUICE_OK;
    sl_cpus_find_lost(cpus, here);
    for (int r = 0; r < pipe->blueprint.processes.n && !st; r++) {
        memcpy(of, here, n * sizeof *of);
        st = sl_abroad_share(pipe, r, of, n * sizeof *of, why);
        for (size_t d = 0; d < n && !st; d++)
            if (cpus->process[d] == r)
                cpus->told[d] = of[d];
    }
    return st;
}

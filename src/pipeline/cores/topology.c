/* Cores, claims and pinning.  Any thread. */
#include "pipeline/cores/topology.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define CPU_FOLDER "/sys/devices/system/cpu"

enum {
    PATH_BYTES = 256,
    LIST_BYTES = 16, /* more than the first number of a list of CPUs */
    SET_BYTES = sizeof(cpu_set_t[SL_CPU_SETS]),
};

/*
 * The first CPU of the core that `cpu` belongs to.  A CPU about which sysfs
 * says nothing is a core of its own.
 */
static int first_sibling(const char *folder, int cpu)
{
    char path[PATH_BYTES], list[LIST_BYTES] = "";
    snprintf(path, sizeof path, "%s/cpu%d/topology/thread_siblings_list",
             folder, cpu);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return cpu;
    ssize_t n = read(file, list, sizeof list - 1);
    close(file);
    if (n <= 0 || list[0] < '0' || list[0] > '9')
        return cpu;
    long first = strtol(list, NULL, 10);
    return first <= cpu ? (int)first : cpu;
}

void sl_topology_read(struct sl_topology *topology, const char *folder,
                      const cpu_set_t *allowed)
{
    cpu_set_t seen[SL_CPU_SETS] = {0}; /* first siblings */
    *topology = (struct sl_topology){.folder = folder};
    memcpy(topology->allowed, allowed, SET_BYTES);
    for (int cpu = 0; cpu < SL_MOST_CPUS; cpu++) {
        if (!CPU_ISSET_S(cpu, SET_BYTES, allowed))
            continue;
        int first = first_sibling(folder, cpu);
        if (CPU_ISSET_S(first, SET_BYTES, seen))
            continue;
        CPU_SET_S(first, SET_BYTES, seen);
        CPU_SET_S(cpu, SET_BYTES, topology->cpus);
        topology->n_cores++;
    }
    if (topology->n_cores == 0)
        topology->n_cores = 1;
}

void sl_topology_init(struct sl_topology *topology)
{
    cpu_set_t allowed[SL_CPU_SETS] = {0};
    if (sched_getaffinity(0, SET_BYTES, allowed))
        memset(allowed, 0, SET_BYTES);
    sl_topology_read(topology, CPU_FOLDER, allowed);
}

/* A descriptor that holds the claim, or -1 if it is not to be had. */
static int claim(const char *folder, int first_cpu)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/cpu%d", folder, first_cpu);
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB)) {
        close(fd);
        return -1;
    }
    return fd;
}

bool sl_topology_claim(const struct sl_topology *topology, int n,
                       struct sl_core *cores)
{
    int n_claimed = 0;
    for (int cpu = 0; cpu < SL_MOST_CPUS && n_claimed < n; cpu++) {
        if (!CPU_ISSET_S(cpu, SET_BYTES, topology->cpus))
            continue;
        int fd = claim(topology->folder, first_sibling(topology->folder, cpu));
        if (fd >= 0)
            cores[n_claimed++] = (struct sl_core){.cpu = cpu, .claim = fd};
    }
    if (n_claimed == n)
        return true;
    while (n_claimed > 0)
        sl_core_release(&cores[--n_claimed]);
    return false;
}

bool sl_topology_allows(const struct sl_topology *topology, int cpu)
{
    return cpu >= 0 && cpu < SL_MOST_CPUS &&
           CPU_ISSET_S(cpu, SET_BYTES, topology->allowed);
}

struct sl_core sl_topology_take(const struct sl_topology *topology, int cpu)
{
    int first = first_sibling(topology->folder, cpu);
    return (struct sl_core){.cpu = cpu,
                            .claim = claim(topology->folder, first)};
}

/* A copy of a descriptor holds the same lock. */
bool sl_topology_share(const struct sl_topology *topology,
                       const struct sl_core *core, struct sl_core *out)
{
    if (core->claim < 0 || !sl_topology_allows(topology, core->cpu))
        return false;
    int claim = fcntl(core->claim, F_DUPFD_CLOEXEC, 0);
    if (claim >= 0)
        *out = (struct sl_core){.cpu = core->cpu, .claim = claim};
    return claim >= 0;
}

void sl_core_release(struct sl_core *core)
{
    if (core->claim >= 0)
        close(core->claim);
    *core = (struct sl_core){.cpu = -1, .claim = -1};
}

sluice_status sl_core_pin(const struct sl_core *core)
{
    cpu_set_t set[SL_CPU_SETS] = {0};
    CPU_SET_S(core->cpu, SET_BYTES, set);
    return pthread_setaffinity_np(pthread_self(), SET_BYTES, set)
               ? SLUICE_SYSTEM
               : SLUICE_OK;
}

/*
 * The machine's cores: which of them this process may use, which of those no
 * other pipeline has, and pinning.  Nothing here allocates memory.
 *
 * A core is named by its CPUs, as Linux numbers them, of which it has several
 * if it runs several threads.  What belongs together stands in sysfs.
 */
#ifndef SL_PIPELINE_CORES_TOPOLOGY_H
#define SL_PIPELINE_CORES_TOPOLOGY_H

#include <sched.h>
#include <stdbool.h>

#include <sluice/status.h>

enum {
    SL_MOST_CPUS = 8192, /* as many as Linux can be built for */
    SL_CPU_SETS = SL_MOST_CPUS / CPU_SETSIZE,
};

struct sl_topology {
    const char *folder;             /* of the CPUs, in sysfs */
    cpu_set_t allowed[SL_CPU_SETS]; /* the CPUs that this process may use */
    cpu_set_t cpus[SL_CPU_SETS];    /* the first of them of each core */
    int n_cores;                    /* this process may use; at least 1 */
};

/* A core that a device has to itself, among all pipelines of the machine. */
struct sl_core {
    int cpu;   /* to pin to; -1: none */
    int claim; /* a descriptor whose lock is the claim; -1: none */
};

/*
 * Look at the CPUs that the calling thread may run on.  If the system does not
 * tell them, there is one core and none can be claimed.
 */
void sl_topology_init(struct sl_topology *topology);

/* The same of the given CPUs: allowed[SL_CPU_SETS].  `folder` is kept. */
void sl_topology_read(struct sl_topology *topology, const char *folder,
                      const cpu_set_t *allowed);

/*
 * Claim n cores that are not claimed yet, the first ones first.
 *
 * A claim is an flock() on the folder of the core's first CPU, so it ends with
 * the process that holds it, however that ends.  Processes see each other's
 * claims if they share sysfs: those in another network namespace do not.
 *
 * Threads  any; claims of one process exclude each other, too.
 * Returns  true; or false, having claimed nothing, if fewer than n are free.
 */
bool sl_topology_claim(const struct sl_topology *topology, int n,
                       struct sl_core *cores);

/* Whether this process may use a CPU; false for a number that is none. */
bool sl_topology_allows(const struct sl_topology *topology, int cpu);

/* Take a CPU that is allowed, and claim its core if no pipeline has. */
struct sl_core sl_topology_take(const struct sl_topology *topology, int cpu);

/*
 * Share the claim of another device, so that the core stays claimed until both
 * have given it up.
 *
 * Returns  true; or false if there is no claim, this process may no longer use
 *          the core, or the system refuses.
 */
bool sl_topology_share(const struct sl_topology *topology,
                       const struct sl_core *core, struct sl_core *out);

/* Give up the claim, if there is one. */
void sl_core_release(struct sl_core *core);

/*
 * Pin the calling thread to a CPU.
 *
 * Threads  any, several at once.
 * Returns  SLUICE_OK, or SLUICE_SYSTEM if the system refuses.
 */
sluice_status sl_core_pin(const struct sl_core *core);

#endif

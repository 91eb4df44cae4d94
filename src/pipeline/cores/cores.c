/* Which core each device has, and how it waits.  The thread that creates. */
#include "pipeline/cores/cores.h"

#include <stdio.h>

#include "tensor/blas_threads.h"

enum {
    LOG_TEXT = 256,
};

static void say(const sluice_pipeline_config *config, sluice_log_level level,
                const char *format, int a, int b)
{
    char text[LOG_TEXT];
    if (!config->log)
        return;
    snprintf(text, sizeof text, format, a, b);
    config->log(config->log_context, level, text);
}

void sl_cores_choose_patience(sluice_pipeline *pipe,
                              const sluice_pipeline_config *config, int n_cores)
{
    bool own_core = pipe->n_local <= n_cores;
    int64_t spin = config->spin_ns;
    if (spin == 0)
        spin = own_core ? SLUICE_SPIN_NS : 0;
    pipe->crew->patience = (struct sl_patience){
        .spin_ns = spin > 0 ? spin : 0,
        .yield = !own_core,
    };
    if (!own_core)
        say(config, SLUICE_LOG_WARNING,
            config->pinning == SLUICE_PIN_LIST
                ? "%d devices share %d cores: wall-clock times of real layers "
                  "include waiting for a core"
                : "%d devices share %d cores: they are not pinned, and "
                  "wall-clock times of real layers include waiting for a core",
            pipe->n_local, n_cores);
    if (sl_blas_is_openmp())
        say(config, SLUICE_LOG_WARNING,
            "this BLAS was built with OpenMP: set OMP_NUM_THREADS=1, or its "
            "threads compete with the %d devices",
            pipe->n_local, 0);
}

/* The devices of SLUICE_PIN_LIST. */
sluice_status sl_cores_check(const sluice_pipeline *pipe,
                             const sluice_pipeline_config *config,
                             const struct sl_topology *topology,
                             sluice_diag *why)
{
    if (config->pinning != SLUICE_PIN_LIST)
        return SLUICE_OK;
    if (!config->pin_cpus || config->n_pin_cpus < pipe->n_local)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "%d CPUs are listed for %d devices to be pinned "
                               "to; list one for each",
                               config->pin_cpus ? config->n_pin_cpus : 0,
                               pipe->n_local);
    for (int i = 0; i < pipe->n_local; i++)
        if (!sl_topology_allows(topology, config->pin_cpus[i]))
            return sluice_diag_set(why, SLUICE_INVALID,
                                   "device %d is to be pinned to CPU %d, which "
                                   "this process may not use; `taskset -p` "
                                   "tells which it may",
                                   i, config->pin_cpus[i]);
    return SLUICE_OK;
}

/*
 * Share the claims of the pipeline that this one is to replace: until then both
 * have the core, of which the former one makes no use.
 */
static int take_over(const sluice_pipeline *pipe,
                     const struct sl_topology *topology, struct sl_core *cores)
{
    const sluice_pipeline *former = pipe->former;
    int n = 0;
    for (int i = 0; former && i < former->n_local && n < pipe->n_local; i++)
        n += sl_topology_share(topology, &former->devices[i].core, &cores[n]);
    return n;
}

/* A listed CPU, with the claim of the former pipeline if that has it. */
static struct sl_core take_listed(const sluice_pipeline *pipe,
                                  const struct sl_topology *topology, int cpu)
{
    const sluice_pipeline *former = pipe->former;
    struct sl_core core;
    for (int i = 0; former && i < former->n_local; i++)
        if (former->devices[i].core.cpu == cpu &&
            sl_topology_share(topology, &former->devices[i].core, &core))
            return core;
    return sl_topology_take(topology, cpu);
}

/*
 * A core for each device, or none for any: two pipelines that pinned their
 * devices to one core would halve each other's speed beside an idle core, where
 * the system can share out what is not pinned.  True if they have cores.
 */
bool sl_cores_allot(sluice_pipeline *pipe, const sluice_pipeline_config *config,
                    const struct sl_topology *topology)
{
    struct sl_core cores[SLUICE_MAX_DEVICES];
    if (config->pinning == SLUICE_PIN_LIST) {
        for (int i = 0; i < pipe->n_local; i++)
            pipe->devices[i].core =
                take_listed(pipe, topology, config->pin_cpus[i]);
        return true;
    }
    if (pipe->n_local > topology->n_cores || config->pinning == SLUICE_PIN_OFF)
        return false;
    int n = take_over(pipe, topology, cores);
    if (!sl_topology_claim(topology, pipe->n_local - n, cores + n)) {
        while (n > 0)
            sl_core_release(&cores[--n]);
        return false;
    }
    for (int i = 0; i < pipe->n_local; i++)
        pipe->devices[i].core = cores[i];
    return true;
}

/* Cores there are, but other pipelines have them, or a claim cannot be made. */
void sl_cores_say_taken(const sluice_pipeline *pipe,
                        const sluice_pipeline_config *config, int n_cores)
{
    if (pipe->n_local <= n_cores && config->pinning != SLUICE_PIN_OFF)
        say(config, SLUICE_LOG_INFO,
            "fewer than %d of %d cores are free of other pipelines: no device "
            "is pinned",
            pipe->n_local, n_cores);
}

/* A device that the system did not let pin itself has lost its core. */
void sl_cores_say_unpinned(const sluice_pipeline *pipe,
                           const sluice_pipeline_config *config)
{
    for (int i = 0; i < pipe->n_local; i++)
        if (pipe->devices[i].core.cpu < 0)
            say(config, SLUICE_LOG_WARNING,
                "device %d of %d could not be pinned: the system refused it", i,
                pipe->n_local);
}

/* Building a pipeline and taking it down.  The caller's thread. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "pipeline/abroad/abroad.h"
#include "pipeline/abroad/collectives.h"
#include "pipeline/assembly.h"
#include "pipeline/across/links.h"
#include "pipeline/device.h"
#include "pipeline/pipeline.h"
#include "pipeline/topology.h"
#include "pipeline/uneven/uneven.h"
#include "pipeline/update/head_update.h"
#include "tensor/blas_threads.h"

enum {
    DEFAULT_SPIN_NS = 200 * 1000,
    LOG_TEXT = 256,
};

static sluice_status plan(const sluice_model *model,
                          const sluice_pipeline_config *config,
                          sluice_memory_plan *plans, sluice_diag *why)
{
    struct sl_blueprint bp;
    sluice_pipeline_config uncapped = *config;
    uncapped.device_cap_bytes = 0; /* what is needed is asked for */
    uncapped.device_caps = NULL;
    sluice_status st = sl_blueprint_init(&bp, &uncapped, NULL, model, why);
    if (st)
        return st;
    for (int d = 0; d < sl_n_replica_devices(&bp.grid); d++)
        plans[d] = bp.layout.plans[d];
    sl_blueprint_fini(&bp);
    return SLUICE_OK;
}

sluice_status sluice_pipeline_plan(const sluice_model *model,
                                   const sluice_pipeline_config *config,
                                   sluice_memory_plan *plans, sluice_diag *why)
{
    int cancel_state;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    sluice_status st = plan(model, config, plans, why);
    pthread_setcancelstate(cancel_state, NULL);
    return st;
}

static void say(const sluice_pipeline_config *config, sluice_log_level level,
                const char *format, int a, int b)
{
    char text[LOG_TEXT];
    if (!config->log)
        return;
    snprintf(text, sizeof text, format, a, b);
    config->log(config->log_context, level, text);
}

/* The host decides what signals do: its handlers never run on a device. */
static int start_device(struct sl_device *device)
{
    pthread_attr_t attr;
    sigset_t all;
    int failed = pthread_attr_init(&attr);
    if (failed)
        return failed;
    sigfillset(&all);
    failed = pthread_attr_setsigmask_np(&attr, &all);
    if (!failed)
        failed = pthread_create(&device->thread, &attr, sl_device_main, device);
    pthread_attr_destroy(&attr);
    return failed;
}

static sluice_status start_devices(sluice_pipeline *pipe, sluice_diag *why)
{
    for (int i = 0; i < pipe->n_local; i++)
        if (start_device(&pipe->devices[i])) {
            sl_pipeline_quit(pipe, i);
            return sluice_diag_set(why, SLUICE_SYSTEM,
                                   "the system refused thread %d of %d; use "
                                   "fewer devices or raise its limit",
                                   i + 1, pipe->n_local);
        }
    return SLUICE_OK;
}

static void choose_patience(sluice_pipeline *pipe,
                            const sluice_pipeline_config *config, int n_cores)
{
    bool own_core = pipe->n_local <= n_cores;
    int64_t spin = config->spin_ns;
    if (spin == 0)
        spin = own_core ? DEFAULT_SPIN_NS : 0;
    pipe->patience = (struct sl_patience){
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
static sluice_status check_list(const sluice_pipeline *pipe,
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
 * A core for each device, or none for any: two pipelines that pinned their
 * devices to one core would halve each other's speed beside an idle core, where
 * the system can share out what is not pinned.  True if they have cores.
 */
static bool allot_cores(sluice_pipeline *pipe,
                        const sluice_pipeline_config *config,
                        const struct sl_topology *topology)
{
    struct sl_core cores[SLUICE_MAX_DEVICES];
    if (config->pinning == SLUICE_PIN_LIST) {
        for (int i = 0; i < pipe->n_local; i++)
            pipe->devices[i].core =
                sl_topology_take(topology, config->pin_cpus[i]);
        return true;
    }
    if (pipe->n_local > topology->n_cores ||
        config->pinning == SLUICE_PIN_OFF ||
        !sl_topology_claim(topology, pipe->n_local, cores))
        return false;
    for (int i = 0; i < pipe->n_local; i++)
        pipe->devices[i].core = cores[i];
    return true;
}

static sluice_status init_sync(sluice_pipeline *pipe, sluice_diag *why)
{
    sluice_status st = sl_gate_init(&pipe->done);
    if (st)
        return sluice_diag_set(why, st,
                               "the system refused a lock for the pipeline");
    st = sl_init_collectives(pipe, why);
    if (st)
        sl_gate_fini(&pipe->done);
    return st;
}

static void fini_sync(sluice_pipeline *pipe)
{
    sl_fini_collectives(pipe);
    sl_gate_fini(&pipe->done);
}

/* Cores there are, but other pipelines have them, or a claim cannot be made. */
static void say_taken(const sluice_pipeline *pipe,
                      const sluice_pipeline_config *config, int n_cores)
{
    if (pipe->n_local <= n_cores && config->pinning != SLUICE_PIN_OFF)
        say(config, SLUICE_LOG_INFO,
            "fewer than %d of %d cores are free of other pipelines: no device "
            "is pinned",
            pipe->n_local, n_cores);
}

/* A device that the system did not let pin itself has lost its core. */
static void say_unpinned(const sluice_pipeline *pipe,
                         const sluice_pipeline_config *config)
{
    for (int i = 0; i < pipe->n_local; i++)
        if (pipe->devices[i].core.cpu < 0)
            say(config, SLUICE_LOG_WARNING,
                "device %d of %d could not be pinned: the system refused it", i,
                pipe->n_local);
}

/* Start the devices and let them settle: pin, clear, initialize. */
static sluice_status bring_up(sluice_pipeline *pipe,
                              const sluice_pipeline_config *config,
                              const struct sl_topology *topology,
                              sluice_diag *why)
{
    bool pinned = allot_cores(pipe, config, topology);
    if (!pinned)
        say_taken(pipe, config, topology->n_cores);
    sluice_status st = start_devices(pipe, why);
    if (st)
        return st;
    st = sl_abroad_check(pipe, SLUICE_OK, why);
    if (!st)
        st = sl_pipeline_begin(pipe, why);
    if (!st) {
        sl_pipeline_run(pipe, (struct sl_job){.run = sl_device_settle});
        st = sl_pipeline_end(pipe, why);
        pipe->told = true; /* the job ends the same in all processes */
    }
    if (!st)
        st = sl_cut_head_start(pipe, why);
    if (!st)
        st = sl_abroad_share_facts(pipe, why);
    if (pinned)
        say_unpinned(pipe, config);
    if (st)
        sl_pipeline_quit(pipe, pipe->n_local);
    return st;
}

/* Everything between the blueprint and a running pipeline. */
static sluice_status build(sluice_pipeline *pipe,
                           const sluice_pipeline_config *config,
                           sluice_diag *why)
{
    struct sl_topology topology;
    sl_topology_init(&topology);
    sluice_status st = check_list(pipe, config, &topology, why);
    if (st)
        return st;
    choose_patience(pipe, config, topology.n_cores);
    st = sl_alloc_tables(pipe, why);
    if (st)
        goto free_tables;
    sl_abroad_find_judges(pipe);
    st = sl_blas_reserve(pipe->n_local, why);
    if (st)
        goto free_tables;
    st = init_sync(pipe, why);
    if (st)
        goto unreserve;
    st = sl_init_devices(pipe, why);
    if (st)
        goto fini_sync;
    sl_uneven_slow(pipe, config);
    st = sl_init_links(pipe, why);
    if (st)
        goto fini_devices;
    st = bring_up(pipe, config, &topology, why);
    if (st)
        goto fini_links;
    return SLUICE_OK;

fini_links:
    sl_fini_links(pipe);
fini_devices:
    sl_fini_devices(pipe);
fini_sync:
    fini_sync(pipe);
unreserve:
    sl_blas_unreserve(pipe->n_local);
free_tables:
    sl_free_tables(pipe);
    return st;
}

static sluice_status draw(sluice_pipeline *pipe,
                          const sluice_pipeline_config *config,
                          const sluice_model *model, sluice_diag *why)
{
    const struct sl_world_view view = sl_abroad_view(pipe);
    return sl_blueprint_init(&pipe->blueprint, config,
                             pipe->world ? &view : NULL, model, why);
}

static sluice_status create(sluice_pipeline *pipe,
                            const sluice_pipeline_config *config,
                            const sluice_model *model, sluice_diag *why)
{
    pipe->allocator = config->allocator;
    pipe->log = config->log;
    pipe->log_context = config->log_context;
    pipe->owner = getpid();
    pipe->traces = config->trace;
    pipe->watchdog = (struct sl_watchdog){
        .limit_ns = config->watchdog_ns,
        .on_stuck = config->on_stuck,
        .context = config->stuck_context,
    };
    sluice_status st = draw(pipe, config, model, why);
    if (st)
        return st;
    pipe->n_local = pipe->blueprint.processes.n_local;
    pipe->learning_rate = pipe->blueprint.learning_rate;
    st = sl_uneven_check(&pipe->blueprint.layout, config, why);
    if (!st)
        st = build(pipe, config, why);
    if (st)
        sl_blueprint_fini(&pipe->blueprint);
    return st;
}

/* If one process of a world fails here, all do. */
static sluice_status create_in_world(const sluice_pipeline_config *config,
                                     const sluice_model *model,
                                     sluice_pipeline **out, sluice_diag *why)
{
    sluice_pipeline *pipe = sl_alloc(config->allocator, 1, sizeof *pipe);
    if (!pipe)
        return sl_abroad_check_alone(config, sl_no_memory(why, "a pipeline"),
                                     why);
    pipe->world = sl_abroad_start(config);
    sluice_status st = create(pipe, config, model, why);
    if (st && !pipe->told)
        st = sl_abroad_check(pipe, st, why);
    if (st)
        sl_free(config->allocator, pipe, 1, sizeof *pipe);
    else
        *out = pipe;
    return st;
}

sluice_status sluice_pipeline_create(const sluice_pipeline_config *config,
                                     const sluice_model *model,
                                     sluice_pipeline **out, sluice_diag *why)
{
    int cancel_state;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    sluice_status st = create_in_world(config, model, out, why);
    pthread_setcancelstate(cancel_state, NULL);
    return st;
}

const char *sluice_pipeline_gemm(const sluice_pipeline *pipe)
{
    const struct sl_layout *layout = &pipe->blueprint.layout;
    return sl_products_backends(layout->products, layout->n_products);
}

/* A child of fork() has a copy of the memory, and no threads to be joined. */
static void destroy(sluice_pipeline *pipe)
{
    const sluice_allocator *allocator = pipe->allocator;
    if (sl_pipeline_is_inherited(pipe))
        sl_pipeline_abandon(pipe);
    else
        sl_pipeline_quit(pipe, pipe->n_local);
    sl_abroad_leave(pipe);
    sl_fini_links(pipe);
    sl_fini_devices(pipe);
    fini_sync(pipe);
    sl_blas_unreserve(pipe->n_local);
    sl_free_tables(pipe);
    sl_blueprint_fini(&pipe->blueprint);
    sl_free(allocator, pipe, 1, sizeof *pipe);
}

void sluice_pipeline_destroy(sluice_pipeline *pipe)
{
    int cancel_state;
    if (!pipe)
        return;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    destroy(pipe);
    pthread_setcancelstate(cancel_state, NULL);
}

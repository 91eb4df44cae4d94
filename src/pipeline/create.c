/* Building a pipeline and taking it down.  The caller's thread. */
#include "pipeline/create.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "pipeline/abroad/abroad.h"
#include "pipeline/abroad/judges.h"
#include "pipeline/abroad/same_config.h"
#include "pipeline/abroad/traces.h"
#include "pipeline/abroad/collectives.h"
#include "pipeline/assembly.h"
#include "pipeline/across/links.h"
#include "pipeline/cores/cores.h"
#include "pipeline/device.h"
#include "pipeline/reshape/door.h"
#include "pipeline/reshape/meaning.h"
#include "pipeline/cores/topology.h"
#include "pipeline/uneven/uneven.h"
#include "tensor/blas_threads.h"

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

static sluice_status make_crew(sluice_pipeline *pipe, sluice_diag *why)
{
    struct sl_crew *crew = sl_alloc(pipe->allocator, 1, sizeof *crew);
    if (!crew)
        return sl_no_memory(why, "a pipeline");
    crew->pipe = pipe;
    pipe->crew = crew;
    if (!sl_gate_init(&crew->done))
        return SLUICE_OK;
    sl_free(pipe->allocator, crew, 1, sizeof *crew);
    return sluice_diag_set(why, SLUICE_SYSTEM,
                           "the system refused a lock for the pipeline");
}

static void free_crew(sluice_pipeline *pipe)
{
    sl_gate_fini(&pipe->crew->done);
    sl_free(pipe->allocator, pipe->crew, 1, sizeof *pipe->crew);
}

/* Start the devices and let them settle: pin, clear, initialize. */
static sluice_status bring_up(sluice_pipeline *pipe,
                              const sluice_pipeline_config *config,
                              const struct sl_topology *topology,
                              sluice_diag *why)
{
    bool pinned = sl_cores_allot(pipe, config, topology);
    if (!pinned)
        sl_cores_say_taken(pipe, config, topology->n_cores);
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
        st = sl_abroad_share_facts(pipe, why);
    if (pinned)
        sl_cores_say_unpinned(pipe, config);
    if (st)
        sl_pipeline_quit(pipe, pipe->n_local);
    return st;
}

/* What the devices need besides tables. */
static sluice_status assemble(sluice_pipeline *pipe,
                              const sluice_pipeline_config *config,
                              const struct sl_topology *topology,
                              sluice_diag *why)
{
    sluice_status st = sl_blas_reserve(pipe->n_local, why);
    if (st)
        return st;
    st = sl_init_collectives(pipe, why);
    if (st)
        goto unreserve;
    st = sl_init_devices(pipe, why);
    if (st)
        goto fini_collectives;
    sl_uneven_slow(pipe, config);
    st = sl_init_links(pipe, why);
    if (st)
        goto fini_devices;
    st = bring_up(pipe, config, topology, why);
    if (st)
        goto fini_links;
    return SLUICE_OK;

fini_links:
    sl_fini_links(pipe);
fini_devices:
    sl_fini_devices(pipe);
fini_collectives:
    sl_fini_collectives(pipe);
unreserve:
    sl_blas_unreserve(pipe->n_local);
    return st;
}

/* Everything between the blueprint and a running pipeline. */
static sluice_status build(sluice_pipeline *pipe,
                           const sluice_pipeline_config *config,
                           sluice_diag *why)
{
    struct sl_topology topology;
    sl_topology_init(&topology);
    sluice_status st = sl_cores_check(pipe, config, &topology, why);
    if (!st)
        st = make_crew(pipe, why);
    if (st)
        return st;
    sl_cores_choose_patience(pipe, config, topology.n_cores);
    st = sl_alloc_tables(pipe, why);
    if (!st) {
        sl_abroad_find_judges(pipe);
        st = assemble(pipe, config, &topology, why);
    }
    if (st) {
        sl_free_tables(pipe);
        free_crew(pipe);
    }
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
    pipe->log = config->log;
    pipe->log_context = config->log_context;
    pipe->traces = config->trace;
    pipe->watchdog = (struct sl_watchdog){
        .limit_ns = config->watchdog_ns,
        .on_stuck = config->on_stuck,
        .context = config->stuck_context,
    };
    sluice_status st = sl_same_config(pipe, config, model, why);
    if (!st)
        st = draw(pipe, config, model, why);
    if (st)
        return st;
    pipe->n_local = pipe->blueprint.processes.n_local;
    pipe->learning_rate = pipe->blueprint.learning_rate;
    st = sl_same_cut(pipe, config->cut, why);
    if (!st)
        st = sl_uneven_check(&pipe->blueprint.layout, config, why);
    if (!st && pipe->former)
        st = sl_meaning_check(&pipe->former->blueprint, &pipe->blueprint, why);
    if (!st)
        st = build(pipe, config, why);
    if (st)
        sl_blueprint_fini(&pipe->blueprint);
    return st;
}

static sluice_status create_behind_door(sluice_pipeline *pipe,
                                        const sluice_pipeline_config *config,
                                        const sluice_model *model,
                                        sluice_diag *why)
{
    pipe->owner = getpid();
    pipe->allocator = config->allocator;
    sluice_status st = sl_door_init(pipe, why);
    if (st)
        return st;
    st = create(pipe, config, model, why);
    if (st)
        sl_door_fini(pipe);
    return st;
}

/* If one process of a world fails here, all do. */
sluice_status sl_pipeline_create(const sluice_pipeline_config *config,
                                 const sluice_model *model,
                                 const sluice_pipeline *former,
                                 sluice_pipeline **out, sluice_diag *why)
{
    sluice_pipeline *pipe = sl_alloc(config->allocator, 1, sizeof *pipe);
    if (!pipe)
        return sl_abroad_check_alone(config, sl_no_memory(why, "a pipeline"),
                                     why);
    pipe->world = sl_abroad_start(config);
    pipe->former = former;
    sluice_status st = create_behind_door(pipe, config, model, why);
    if (st && !pipe->told)
        st = sl_abroad_check(pipe, st, why);
    pipe->former = NULL;
    if (st) {
        sl_abroad_give_up(pipe);
        sl_free(config->allocator, pipe, 1, sizeof *pipe);
    } else {
        *out = pipe;
    }
    return st;
}

sluice_status sluice_pipeline_create(const sluice_pipeline_config *config,
                                     const sluice_model *model,
                                     sluice_pipeline **out, sluice_diag *why)
{
    int cancel_state;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    sluice_status st = sl_pipeline_create(config, model, NULL, out, why);
    pthread_setcancelstate(cancel_state, NULL);
    return st;
}

const char *sluice_pipeline_precision(const sluice_pipeline *pipe)
{
    return sl_precision_name(pipe->blueprint.precision);
}

const char *sluice_pipeline_gemm(const sluice_pipeline *pipe)
{
    const struct sl_layout *layout = &pipe->blueprint.layout;
    const struct sl_cut_head *cut = pipe->blueprint.vocabulary.heads;
    struct sl_backends seen = {0};
    sl_backends_note(&seen, layout->products, layout->n_products);
    for (int i = 0; cut && i < cut->n_parts; i++)
        sl_backends_note(&seen, cut->parts[i].products,
                         cut->parts[i].plan.n_products);
    return sl_backends_name(&seen);
}

/* A child of fork() has a copy of the memory, and no threads to be joined. */
void sl_pipeline_destroy(sluice_pipeline *pipe)
{
    const sluice_allocator *allocator = pipe->allocator;
    if (sl_pipeline_is_inherited(pipe))
        sl_pipeline_abandon(pipe);
    else
        sl_pipeline_quit(pipe, pipe->n_local);
    sl_abroad_leave(pipe);
    sl_gathered_trace_destroy(pipe->gathered, allocator);
    sl_fini_links(pipe);
    sl_fini_devices(pipe);
    sl_fini_collectives(pipe);
    sl_blas_unreserve(pipe->n_local);
    sl_free_tables(pipe);
    free_crew(pipe);
    sl_blueprint_fini(&pipe->blueprint);
    sl_door_fini(pipe);
    sl_free(allocator, pipe, 1, sizeof *pipe);
}

void sluice_pipeline_destroy(sluice_pipeline *pipe)
{
    int cancel_state;
    if (!pipe)
        return;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    sl_pipeline_destroy(pipe);
    pthread_setcancelstate(cancel_state, NULL);
}

/* Beginning to watch a pipeline, and the end of it.  The caller's thread. */
#include "train/adapt/adapter.h"

#include <string.h>

#include <sluice/world.h>

#include "base/memory.h"
#include "pipeline/pipeline.h"
#include "pipeline/uneven/uneven.h"
#include "train/adapt/adapt_check.h"

enum { KINDS = SLUICE_N_ACTION_KINDS };

static const double standard_margin = 0.1;

static sluice_status alloc(sluice_adapter *a, size_t n, sluice_diag *why)
{
    a->layers = sl_alloc(a->allocator, n, sizeof *a->layers);
    a->shares = sl_alloc(a->allocator, n * KINDS, sizeof *a->shares);
    a->costs_ns = sl_alloc(a->allocator, n * KINDS, sizeof *a->costs_ns);
    a->cells = sl_alloc(a->allocator, 1, sizeof *a->cells);
    bool there = a->layers && a->shares && a->costs_ns && a->cells;
    return there ? SLUICE_OK : sl_no_memory(why, "adapting a pipeline");
}

/* Each layer's share of what its stage takes. */
static void share(sluice_adapter *a, const sluice_adapt_config *config)
{
    /* Only their ratio counts: 8 operations for each byte. */
    static const sluice_plan_rates rates = {.flops_per_ns = 8,
                                            .bytes_per_ns = 1};
    size_t n = (size_t)sluice_model_n_layers(config->model) * KINDS;
    int64_t rows = (config->pipeline->batch - 1) / a->microbatches + 1;
    if (config->costs_ns)
        memcpy(a->shares, config->costs_ns, n * sizeof *a->shares);
    else
        sluice_plan_model_costs(config->model, rows, &rates, a->shares);
    for (size_t i = 0; i < n; i++)
        a->shares[i] = a->shares[i] > 1 ? a->shares[i] : 1;
}

static void note_devices(sluice_adapter *a, const sluice_pipeline *pipe)
{
    const double *slowed = a->config.device_speeds;
    a->now.n_places = a->machine.n_devices = sluice_pipeline_n_devices(pipe);
    a->slows = slowed != NULL;
    sl_cpus_note(&a->cpus, pipe);
    for (int d = 0; d < a->now.n_places; d++) {
        a->now.places[d] = d;
        a->machine.speeds[d] = 1;
        a->machine.process[d] = a->cpus.process[d];
        a->slowed[d] = slowed ? slowed[d] : 1;
        a->devices[d].cap_bytes = sl_uneven_cap(&a->config, d);
    }
}

/* What plans are looked for: all except devices and costs, which are seen. */
static void pose(sluice_adapter *a, const sluice_adapt_config *config,
                 const sluice_pipeline *pipe)
{
    const char *name = a->config.schedule.name;
    if (config->schedules)
        name = config->schedules;
    a->problem = (sluice_plan_config){
        .devices = a->devices,
        .batch = a->config.batch,
        .layers = a->layers,
        .n_layers = a->problem.n_layers,
        .microbatches = &a->microbatches,
        .n_microbatches = 1,
        .costs_ns = a->costs_ns,
        .schedules = name ? name : sluice_schedule_generator(0),
        .queue_capacity = pipe->blueprint.queue_capacity,
        .least_devices = pipe->blueprint.processes.n,
        .no_remat = a->config.remat == SLUICE_REMAT_NEVER,
        .allocator = a->allocator,
    };
    if (a->config.device_cap_bytes || a->config.device_caps) {
        a->problem.model = config->model; /* to count as a reshape will */
        a->problem.pipeline = &a->config;
    }
}

static sluice_status begin(sluice_adapter *a, const sluice_adapt_config *config,
                           const sluice_pipeline *pipe, sluice_diag *why)
{
    a->config = *config->pipeline;
    a->margin = config->margin > 0 ? config->margin : standard_margin;
    a->seen.n = config->window ? config->window : SLUICE_ADAPT_WINDOW;
    a->microbatches = pipe->blueprint.grid.n_microbatches;
    a->problem.n_layers = sluice_model_n_layers(config->model);
    sluice_status st = alloc(a, (size_t)a->problem.n_layers, why);
    if (!st)
        st = sluice_plan_layers(config->model, &a->config, a->layers, why);
    if (st)
        return st;
    share(a, config);
    note_devices(a, pipe);
    pose(a, config, pipe);
    return SLUICE_OK;
}

static sluice_status create(const sluice_adapt_config *config,
                            const sluice_pipeline *pipe, sluice_adapter **out,
                            sluice_diag *why)
{
    sluice_adapter *a = sl_alloc(config->allocator, 1, sizeof *a);
    if (!a)
        return sl_no_memory(why, "adapting a pipeline");
    a->allocator = config->allocator;
    *out = a; /* to be destroyed if this fails */
    return begin(a, config, pipe, why);
}

sluice_status sluice_adapter_create(const sluice_adapt_config *config,
                                    const sluice_pipeline *pipe,
                                    sluice_adapter **out, sluice_diag *why)
{
    sluice_adapter *a = NULL;
    sluice_status st = sl_adapt_check(config, pipe, why);
    if (!st)
        st = create(config, pipe, &a, why);
    st = sluice_world_agree(pipe->world, st, why);
    if (st)
        sluice_adapter_destroy(a); /* another process has none */
    else
        *out = a;
    return st;
}

void sluice_adapter_destroy(sluice_adapter *a)
{
    if (!a)
        return;
    size_t n = (size_t)a->problem.n_layers;
    sluice_plan_destroy(a->now.plan);
    sluice_plan_destroy(a->before.plan);
    sl_free(a->allocator, a->cells, 1, sizeof *a->cells);
    sl_free(a->allocator, a->costs_ns, n * KINDS, sizeof *a->costs_ns);
    sl_free(a->allocator, a->shares, n * KINDS, sizeof *a->shares);
    sl_free(a->allocator, a->layers, n, sizeof *a->layers);
    sl_free(a->allocator, a, 1, sizeof *a);
}

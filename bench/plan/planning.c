/* From a command line to a plan.  The main thread. */
#include "bench/plan/planning.h"

#include <inttypes.h>
#include <stdlib.h>

#include "bench/measure/measure_config.h"
#include "bench/output/environment.h"
#include "bench/output/progress.h"
#include "bench/plan/costs_file.h"

enum {
    KINDS = SLUICE_N_ACTION_KINDS,
    STANDARD_DEVICES = 2,
    HAND_OFF_NS = 300, /* between cores that poll */
};

struct work {
    const struct planning_config *config;
    sluice_model *model;
    int n_layers;
    struct machine machine;
    struct range microbatches; /* that divide the batch */
    sluice_plan_layer *layers; /* [n_layers] */
    int64_t *costs_ns;         /* [microbatches][n_layers][KINDS] */
    int64_t *first_ns;         /* the same */
    sluice_pipeline_config pipeline;
};

/* The file's devices, or equal ones; speeds and cap of options hold for all. */
static sluice_status settle_machine(struct work *work, sluice_diag *why)
{
    const struct planning_config *config = work->config;
    struct machine *machine = &work->machine;
    sluice_status st = SLUICE_OK;
    if (config->machine)
        st = machine_read(config->machine, machine, why);
    else
        *machine = (struct machine){
            .n_devices = config->devices    ? config->devices
                         : config->speeds.n ? config->speeds.n
                                            : STANDARD_DEVICES,
            .latency_ns = HAND_OFF_NS,
        };
    if (!st)
        st = device_speeds_check(&config->speeds, machine->n_devices, why);
    for (int d = 0; d < machine->n_devices && !st; d++) {
        if (config->speeds.n)
            machine->devices[d].speed = config->speeds.of[d];
        if (config->cap_bytes)
            machine->devices[d].cap_bytes = (size_t)config->cap_bytes;
    }
    return st;
}

static sluice_status choose_microbatches(struct work *work, sluice_diag *why)
{
    const struct planning_config *config = work->config;
    for (int i = 0; i < config->microbatches.n; i++)
        if (config->batch % config->microbatches.values[i] == 0)
            work->microbatches.values[work->microbatches.n++] =
                config->microbatches.values[i];
    if (work->microbatches.n)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "none of these numbers of micro-batches divides a "
                           "batch of %" PRId64 " rows",
                           config->batch);
}

static sluice_status measure(struct work *work, sluice_diag *why)
{
    const struct planning_config *config = work->config;
    layer_costs_fn *costs =
        config->measure ? config->measure : layer_costs_measure;
    struct layer_costs_config what = {
        .seed = config->seed,
        .devices = work->machine.n_devices,
        .gemm = config->gemm,
    };
    struct environment env;
    struct progress progress;
    sluice_status st = SLUICE_OK;
    environment_read(&env);
    if (what.devices > env.cores)
        what.devices = env.cores;
    progress_begin(&progress, stderr, work->microbatches.n);
    for (int m = 0; m < work->microbatches.n && !st; m++) {
        what.rows = config->batch / work->microbatches.values[m];
        st = costs(work->model, &what,
                   &work->costs_ns[m * work->n_layers * KINDS],
                   &work->first_ns[m * work->n_layers * KINDS], why);
        progress_step(&progress);
    }
    progress_erase(&progress);
    return st;
}

static void model_costs(struct work *work)
{
    const struct planning_config *config = work->config;
    const sluice_plan_rates rates = {
        .flops_per_ns = config->gflops,
        .bytes_per_ns = (double)config->bandwidth / 1e9,
    };
    for (int m = 0; m < work->microbatches.n; m++)
        sluice_plan_model_costs(
            work->model, config->batch / work->microbatches.values[m], &rates,
            &work->costs_ns[m * work->n_layers * KINDS]);
}

static sluice_status get_costs(struct work *work, sluice_diag *why)
{
    const struct planning_config *config = work->config;
    const struct range *m = &work->microbatches;
    sluice_status st = SLUICE_OK;
    if (config->costs)
        st = costs_read(config->costs, m->values, m->n, work->n_layers,
                        work->costs_ns, work->first_ns, why);
    else if (config->measures)
        st = measure(work, why);
    else
        model_costs(work);
    if (!st && config->saves_costs)
        st = costs_write(config->saves_costs, m->values, m->n, work->n_layers,
                         work->costs_ns, work->first_ns, why);
    return st;
}

static sluice_status find(struct work *work, sluice_plan **out,
                          sluice_diag *why)
{
    const struct planning_config *config = work->config;
    const struct machine *machine = &work->machine;
    const sluice_plan_config wanted = {
        .devices = machine->devices,
        .n_devices = machine->n_devices,
        .latency_ns = machine->latency_ns,
        .bytes_per_ns = (double)machine->bandwidth / 1e9,
        .network_ns = machine->network_ns,
        .network_bytes_per_ns = (double)machine->network_bandwidth / 1e9,
        .batch = config->batch,
        .layers = work->layers,
        .n_layers = work->n_layers,
        .microbatches = work->microbatches.values,
        .n_microbatches = work->microbatches.n,
        .costs_ns = work->costs_ns,
        .first_ns = work->first_ns,
        .schedules = config->schedules,
        .queue_capacity = config->capacity,
        .no_remat = config->no_remat,
        .no_early = config->no_early,
        .model = work->model,
        .pipeline = &work->pipeline,
    };
    return sluice_plan_find(&wanted, out, why);
}

static sluice_status plan(struct work *work, sluice_plan **out,
                          sluice_diag *why)
{
    const struct planning_config *config = work->config;
    work->n_layers = sluice_model_n_layers(work->model);
    work->pipeline = plain_pipeline_config(0, 0, config->batch);
    work->pipeline.gemm = config->gemm;
    if (config->optimizer.ops) {
        work->pipeline.optimizer = config->optimizer.ops;
        work->pipeline.optimizer_config = &config->optimizer.config;
    }
    size_t n = (size_t)work->n_layers;
    work->layers = calloc(n, sizeof *work->layers);
    work->costs_ns = calloc(n * KINDS * (size_t)work->microbatches.n,
                            sizeof *work->costs_ns);
    work->first_ns = calloc(n * KINDS * (size_t)work->microbatches.n,
                            sizeof *work->first_ns);
    if (!work->layers || !work->costs_ns || !work->first_ns)
        return sluice_diag_set(why, SLUICE_NO_MEMORY,
                               "out of memory for the costs of layers");
    sluice_status st =
        sluice_plan_layers(work->model, &work->pipeline, work->layers, why);
    if (!st)
        st = get_costs(work, why);
    return st ? st : find(work, out, why);
}

sluice_status planning_find(const struct planning_config *config,
                            struct planned *out, sluice_diag *why)
{
    struct work work = {.config = config};
    struct planned planned = {0};
    sluice_status st = settle_machine(&work, why);
    if (!st)
        st = choose_microbatches(&work, why);
    if (!st)
        st = sluice_model_parse(config->model, NULL, &work.model, why);
    if (!st)
        st = plan(&work, &planned.plan, why);
    if (!st && config->write)
        st = sluice_plan_write(planned.plan, config->write, why);
    if (!st && config->tries)
        st = trial_run(planned.plan, work.model, &work.pipeline, config->tries,
                       &planned.trial, why);
    free(work.first_ns);
    free(work.costs_ns);
    free(work.layers);
    sluice_model_destroy(work.model);
    if (st)
        sluice_plan_destroy(planned.plan);
    else
        *out = planned;
    return st;
}

/* From a command line to a plan.  The main thread. */
#include "bench/plan/planning.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bench/measure/measure_config.h"
#include "bench/output/environment.h"
#include "bench/output/progress.h"
#include "bench/overhead/hand_off.h"
#include "bench/plan/costs_file.h"

enum {
    KINDS = SLUICE_N_ACTION_KINDS,
    STANDARD_DEVICES = 2,
    HAND_OFF_NS = 300,  /* between cores that poll */
    WAKE_NS = 50000,    /* of a thread that sleeps */
    HAND_OFFS = 20,     /* that are timed, */
    REST_NS = 10000000, /* to a thread that has slept so long */
    MEETING_NS = 500,   /* of the devices of a team */
};

struct work {
    const struct planning_config *config;
    sluice_model *model;
    int n_layers;
    struct machine machine;
    struct range microbatches; /* that divide the batch */
    struct range replicas;     /* for which there are devices */
    struct range teams;        /* the same */
    sluice_plan_layer *layers; /* [n_layers] */
    int64_t *cells;            /* the memory of `costs` */
    struct costs_tables costs; /* [teams][microbatches][n_layers][KINDS] */
    bool once[RANGE_MAX];      /* [microbatches]: some R of several replicas is
                                  as large: each has one micro-batch */
    sluice_pipeline_config pipeline;
};

static sluice_status time_waking(struct machine *machine, sluice_diag *why)
{
    double ns;
    sluice_status st = hand_off_asleep(HAND_OFFS, REST_NS, &ns, why);
    if (!st)
        machine->wake_ns = (int64_t)ns;
    return st;
}

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
            .wake_ns = WAKE_NS,
        };
    if (!st && !config->machine && config->measures && !config->measure)
        st = time_waking(machine, why);
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

/* Those of a list that are not larger than `most`; 1 if there is no list. */
static struct range at_most(const struct range *list, int most)
{
    struct range out = {.n = 0};
    for (int i = 0; i < list->n; i++)
        if (list->values[i] <= most)
            out.values[out.n++] = list->values[i];
    if (out.n == 0)
        out.values[out.n++] = 1;
    return out;
}

static void choose_widths(struct work *work)
{
    const struct planning_config *config = work->config;
    struct environment env;
    int most = work->machine.n_devices;
    work->replicas = at_most(&config->replicas, most);
    environment_read(&env);
    if (config->any_team && config->measures && env.cores < most)
        most = env.cores;
    if (config->any_team && config->costs)
        most = 1; /* the file need not have others */
    work->teams = at_most(&config->teams, most);
    for (int m = 0; m < work->microbatches.n; m++)
        for (int r = 0; r < work->replicas.n; r++)
            work->once[m] |=
                work->replicas.values[r] > 1 &&
                work->replicas.values[r] == work->microbatches.values[m];
}

static size_t cells_of(const struct work *work)
{
    return (size_t)work->microbatches.n * (size_t)work->n_layers * KINDS;
}

/* What is measured of a team, but for the micro-batches. */
static struct layer_costs_config asked_of(const struct work *work, int team)
{
    const struct planning_config *config = work->config;
    struct environment env;
    environment_read(&env);
    int devices = work->machine.n_devices < env.cores ? work->machine.n_devices
                                                      : env.cores;
    return (struct layer_costs_config){
        .seed = config->seed,
        .devices = devices > team ? devices / team : 1,
        .team = team,
        .gemm = config->gemm,
        .precision = config->precision,
    };
}

static layer_costs_fn *costs_of(const struct work *work)
{
    return work->config->measure ? work->config->measure : layer_costs_measure;
}

/* The costs of a team, for each number of micro-batches. */
static sluice_status measure_team(struct work *work, int t,
                                  struct progress *progress, sluice_diag *why)
{
    layer_costs_fn *costs = costs_of(work);
    struct layer_costs_config what = asked_of(work, work->teams.values[t]);
    sluice_status st = SLUICE_OK;
    for (int m = 0; m < work->microbatches.n && !st; m++) {
        const struct costs_tables *to = &work->costs;
        size_t at = (size_t)t * cells_of(work) +
                    (size_t)m * (size_t)work->n_layers * KINDS;
        what.microbatches = work->microbatches.values[m];
        what.rows = work->config->batch / what.microbatches;
        st = costs(work->model, &what, &to->costs_ns[at], &to->first_ns[at],
                   why);
        what.microbatches = 1;
        if (!st && work->once[m])
            st = costs(work->model, &what, &to->once_ns[at],
                       &to->once_first_ns[at], why);
        progress_step(progress);
    }
    return st;
}

static sluice_status measure(struct work *work, sluice_diag *why)
{
    struct progress progress;
    sluice_status st = SLUICE_OK;
    progress_begin(&progress, stderr, work->microbatches.n * work->teams.n);
    for (int t = 0; t < work->teams.n && !st; t++) {
        st = measure_team(work, t, &progress, why);
        if (st && t > 0 && work->config->any_team && st != SLUICE_NO_MEMORY) {
            work->teams.n = t; /* this model has no such teams */
            st = SLUICE_OK;
        }
    }
    progress_erase(&progress);
    return st;
}

static void model_costs(struct work *work)
{
    const struct planning_config *config = work->config;
    sluice_plan_rates rates = {
        .flops_per_ns = config->gflops,
        .bytes_per_ns = (double)config->bandwidth / 1e9,
        .meeting_ns = MEETING_NS,
    };
    int64_t *at = work->costs.costs_ns;
    for (int t = 0; t < work->teams.n; t++)
        for (int m = 0; m < work->microbatches.n; m++) {
            rates.team = work->teams.values[t];
            sluice_plan_model_costs(
                work->model, config->batch / work->microbatches.values[m],
                &rates, at);
            at += (size_t)work->n_layers * KINDS;
        }
    memcpy(work->costs.once_ns, work->costs.costs_ns,
           (size_t)work->teams.n * cells_of(work) * sizeof *at);
}

static sluice_status get_costs(struct work *work, sluice_diag *why)
{
    const struct planning_config *config = work->config;
    struct costs_shape shape = {
        .teams = work->teams.values,
        .n_teams = work->teams.n,
        .microbatches = work->microbatches.values,
        .n = work->microbatches.n,
        .n_layers = work->n_layers,
        .once = work->once,
    };
    sluice_status st = SLUICE_OK;
    if (config->costs)
        st = costs_read(config->costs, &shape, &work->costs, why);
    else if (config->measures)
        st = measure(work, why);
    else
        model_costs(work);
    shape.n_teams = work->teams.n;
    if (!st && config->saves_costs)
        st = costs_write(config->saves_costs, &shape, &work->costs, why);
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
        .wake_ns = machine->wake_ns,
        .network_bytes_per_ns = (double)machine->network_bandwidth / 1e9,
        .batch = config->batch,
        .layers = work->layers,
        .n_layers = work->n_layers,
        .microbatches = work->microbatches.values,
        .n_microbatches = work->microbatches.n,
        .replicas = work->replicas.values,
        .n_replicas = work->replicas.n,
        .teams = work->teams.values,
        .n_teams = work->teams.n,
        .zeros = config->zeros.n ? config->zeros.values : NULL,
        .n_zeros = config->zeros.n,
        .gathers = config->gathers.n ? config->gathers.values : NULL,
        .n_gathers = config->gathers.n,
        .vocabulary = config->vocabulary,
        .costs_ns = work->costs.costs_ns,
        .first_ns = work->costs.first_ns,
        .once_ns = work->costs.once_ns,
        .once_first_ns = work->costs.once_first_ns,
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
    if (config->vocabulary) /* that has a form for a cut one */
        work->pipeline.loss = sluice_cross_entropy();
    work->pipeline.gemm = config->gemm;
    work->pipeline.precision = config->precision;
    if (config->optimizer.ops) {
        work->pipeline.optimizer = config->optimizer.ops;
        work->pipeline.optimizer_config = &config->optimizer.config;
    }
    size_t n = (size_t)work->n_layers;
    work->layers = calloc(n, sizeof *work->layers);
    size_t cells = (size_t)work->teams.n * cells_of(work);
    work->cells = calloc(4 * cells, sizeof *work->cells);
    if (!work->layers || !work->cells)
        return sluice_diag_set(why, SLUICE_NO_MEMORY,
                               "out of memory for the costs of layers");
    int64_t *at = work->cells;
    work->costs =
        (struct costs_tables){at, at + cells, at + 2 * cells, at + 3 * cells};
    sluice_status st =
        sluice_plan_layers(work->model, &work->pipeline, work->layers, why);
    if (!st)
        st = get_costs(work, why);
    return st ? st : find(work, out, why);
}

/* Where the costs begin by which the plan was priced. */
static const int64_t *costs_behind(const struct work *work,
                                   const sluice_plan_row *row)
{
    int n = row->microbatches * row->replicas, t = 0, m = 0;
    while (work->teams.values[t] != row->team)
        t++;
    while (work->microbatches.values[m] != n)
        m++;
    bool once = row->replicas > 1 && row->microbatches == 1;
    size_t at =
        (size_t)t * cells_of(work) + (size_t)m * (size_t)work->n_layers * KINDS;
    return (once ? work->costs.once_ns : work->costs.costs_ns) + at;
}

/* What all layers take for F, B, I and W. */
static double sum_of(const struct work *work, const int64_t *costs_ns)
{
    double ns = 0;
    for (int i = 0; i < work->n_layers; i++)
        for (int kind = 0; kind <= SLUICE_W; kind++)
            ns += (double)costs_ns[i * KINDS + kind];
    return ns;
}

/* The machine may be another one than when the layers were timed: time them
 * once more. */
static sluice_status find_pace(const struct work *work,
                               const sluice_plan_row *row, double *pace,
                               sluice_diag *why)
{
    size_t n = (size_t)work->n_layers * KINDS;
    int64_t *again = calloc(2 * n, sizeof *again);
    struct layer_costs_config what = asked_of(work, row->team);
    if (!again)
        return sluice_diag_set(why, SLUICE_NO_MEMORY,
                               "out of memory for the costs of layers");
    what.microbatches = row->microbatches;
    what.rows = work->config->batch / row->microbatches / row->replicas;
    sluice_status st =
        costs_of(work)(work->model, &what, again, again + n, why);
    double before = sum_of(work, costs_behind(work, row));
    if (!st && before > 0)
        *pace = (1 + sum_of(work, again) / before) / 2;
    free(again);
    return st;
}

/* Train by the plan, and see how fast the machine was meanwhile. */
static sluice_status try_plan(const struct work *work, struct planned *planned,
                              sluice_diag *why)
{
    const struct planning_config *config = work->config;
    sluice_status st = trial_run(planned->plan, work->model, &work->pipeline,
                                 config->tries, &planned->trial, why);
    if (!st && config->measures)
        st = find_pace(work, sluice_plan_row_at(planned->plan, 0),
                       &planned->trial.pace, why);
    return st;
}

sluice_status planning_find(const struct planning_config *config,
                            struct planned *out, sluice_diag *why)
{
    struct work work = {.config = config};
    struct planned planned = {0};
    sluice_status st = settle_machine(&work, why);
    if (!st)
        st = choose_microbatches(&work, why);
    choose_widths(&work);
    if (!st)
        st = sluice_model_parse(config->model, NULL, &work.model, why);
    if (!st)
        st = plan(&work, &planned.plan, why);
    if (!st && config->write)
        st = sluice_plan_write(planned.plan, config->write, why);
    if (!st && config->tries)
        st = try_plan(&work, &planned, why);
    free(work.cells);
    free(work.layers);
    sluice_model_destroy(work.model);
    if (st)
        sluice_plan_destroy(planned.plan);
    else
        *out = planned;
    return st;
}

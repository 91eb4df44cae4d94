/* From a command line to a plan.  The main thread. */
#include "bench/plan/planning.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bench/measure/measure_config.h"
#include "bench/measure/samples.h"
#include "bench/output/environment.h"
#include "bench/overhead/hand_off.h"
#include "bench/plan/planning_costs.h"

enum {
    STANDARD_DEVICES = 2,
    HAND_OFF_NS = 300,  /* between cores that poll */
    WAKE_NS = 50000,    /* of a thread that sleeps */
    ROUNDS = 5,         /* of as many hand-offs, */
    HAND_OFFS = 4,      /* that are timed, */
    REST_NS = 10000000, /* to a thread that has slept so long */
    MOST_CORRECTIONS = 3,
};

/* The median of several means: other programs may be at work. */
static sluice_status time_waking(struct machine *machine, sluice_diag *why)
{
    double ns[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        sluice_status st = hand_off_asleep(HAND_OFFS, REST_NS, &ns[i], why);
        if (st)
            return st;
    }
    machine->wake_ns = (int64_t)median_of(ns, ROUNDS);
    return SLUICE_OK;
}

/* The file's devices, or equal ones; speeds and cap of options hold for all. */
static sluice_status settle_machine(struct planning_work *work,
                                    sluice_diag *why)
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

static sluice_status choose_microbatches(struct planning_work *work,
                                         sluice_diag *why)
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

/* Those of a list that are not larger than `most`; 1 if there is no list.
 * SLUICE_INVALID: all are larger. */
static sluice_status at_most(const struct range *list, int most,
                             const char *what, struct range *out,
                             sluice_diag *why)
{
    *out = (struct range){.n = 0};
    for (int i = 0; i < list->n; i++)
        if (list->values[i] <= most)
            out->values[out->n++] = list->values[i];
    if (out->n)
        return SLUICE_OK;
    if (list->n)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "none of the numbers of %s is at most %d, the "
                               "number of devices",
                               what, most);
    out->values[out->n++] = 1;
    return SLUICE_OK;
}

static sluice_status choose_widths(struct planning_work *work, sluice_diag *why)
{
    const struct planning_config *config = work->config;
    struct environment env;
    int most = work->machine.n_devices;
    sluice_status st =
        at_most(&config->replicas, most, "replicas", &work->replicas, why);
    environment_read(&env);
    if (config->any_team && config->measures && env.cores < most)
        most = env.cores;
    if (config->any_team && config->costs)
        most = 1; /* the file need not have others */
    if (!st)
        st = at_most(&config->teams, most, "devices of a team", &work->teams,
                     why);
    for (int m = 0; m < work->microbatches.n; m++)
        for (int r = 0; r < work->replicas.n; r++)
            work->once[m] |=
                work->replicas.values[r] > 1 &&
                work->replicas.values[r] == work->microbatches.values[m];
    return st;
}

static sluice_status find(struct planning_work *work, sluice_plan **out,
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

/* Whether two plans run the same program with the same cut. */
static bool is_same(const sluice_plan *a, const sluice_plan *b)
{
    const sluice_plan_row *x = sluice_plan_row_at(a, 0);
    const sluice_plan_row *y = sluice_plan_row_at(b, 0);
    int n, m;
    const int *of_a = sluice_plan_partition(a, &n);
    const int *of_b = sluice_plan_partition(b, &m);
    return !strcmp(x->schedule, y->schedule) && x->devices == y->devices &&
           x->replicas == y->replicas && x->team == y->team &&
           x->zero == y->zero && x->gather == y->gather &&
           x->vocabulary == y->vocabulary &&
           x->microbatches == y->microbatches &&
           x->queue_capacity == y->queue_capacity &&
           x->recomputing == y->recomputing && x->early == y->early && n == m &&
           !memcmp(of_a, of_b, (size_t)n * sizeof *of_a);
}

/* Whether what a stage takes of a kind in place is what its layers cost: on a
 * core of its own, as many actions as micro-batches, none of a cut head. */
static bool is_comparable(const sluice_plan_row *row)
{
    struct environment env;
    environment_read(&env);
    return !row->vocabulary && row->gather <= 1 &&
           row->devices * row->replicas * row->team <= env.cores;
}

/* Whether its steps can be priced by their own actions: one device is at each
 * place, and on a core of its own. */
static bool is_priced(const sluice_plan_row *row)
{
    struct environment env;
    environment_read(&env);
    return row->replicas * row->team == 1 && row->devices <= env.cores;
}

/* The plan by costs in place, which may be another: until it stays. */
static sluice_status correct_in_place(struct planning_work *work,
                                      sluice_plan **plan, sluice_diag *why)
{
    for (int i = 0; i < MOST_CORRECTIONS; i++) {
        sluice_plan *next;
        if (!is_comparable(sluice_plan_row_at(*plan, 0)))
            return SLUICE_OK;
        sluice_status st = planning_correct(work, *plan, why);
        if (!st)
            st = find(work, &next, why);
        if (st)
            return st;
        bool same = is_same(*plan, next);
        sluice_plan_destroy(*plan);
        *plan = next;
        if (same)
            return SLUICE_OK;
    }
    return SLUICE_OK;
}

static sluice_status plan(struct planning_work *work, sluice_plan **out,
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
    size_t cells = (size_t)work->teams.n * planning_cells(work);
    work->cells = calloc(2 * 4 * cells, sizeof *work->cells);
    if (!work->layers || !work->cells)
        return sluice_diag_set(why, SLUICE_NO_MEMORY,
                               "out of memory for the costs of layers");
    int64_t *at = work->cells;
    work->costs =
        (struct costs_tables){at, at + cells, at + 2 * cells, at + 3 * cells};
    work->apart = at + 4 * cells;
    sluice_status st =
        sluice_plan_layers(work->model, &work->pipeline, work->layers, why);
    if (!st)
        st = planning_costs(work, why);
    memcpy(at + 4 * cells, at, 4 * cells * sizeof *at);
    if (!st)
        st = find(work, out, why);
    if (!st && config->measures && !config->measure)
        st = correct_in_place(work, out, why);
    if (!st && config->saves_costs)
        st = planning_save_costs(work, why);
    return st;
}

/* Train by the plan, and see how fast the machine was meanwhile. */
static sluice_status try_plan(const struct planning_work *work,
                              struct planned *planned, sluice_diag *why)
{
    const struct planning_config *config = work->config;
    const sluice_plan_row *row = sluice_plan_row_at(planned->plan, 0);
    struct in_place times;
    int64_t ahead_ns[SLUICE_PLAN_MAX_STAGES * SLUICE_N_ACTION_KINDS];
    const struct machine *machine = &work->machine;
    const struct step_price price = {
        .schedule = sluice_plan_schedule(planned->plan),
        .machine = {.latency_ns = machine->latency_ns,
                    .queue_capacity = row->queue_capacity,
                    .spin_ns = SLUICE_SPIN_NS,
                    .wake_ns = machine->wake_ns,
                    .no_events = true},
        .ahead_ns = ahead_ns,
    };
    int n;
    sluice_plan_partition(planned->plan, &n);
    sluice_status st = in_place_init(&times, n, why);
    planning_ahead(work, planned->plan, ahead_ns);
    if (!st)
        st = trial_run(planned->plan, work->model, &work->pipeline,
                       config->tries, &times, is_priced(row) ? &price : NULL,
                       &planned->trial, why);
    if (!st)
        st = planning_factors(work, planned, &times, why);
    in_place_fini(&times);
    if (!st && config->measures)
        st = planning_pace(work, row, &planned->trial.pace, why);
    return st;
}

sluice_status planning_find(const struct planning_config *config,
                            struct planned *out, sluice_diag *why)
{
    struct planning_work work = {.config = config};
    struct planned planned = {0};
    sluice_status st = settle_machine(&work, why);
    if (!st)
        st = choose_microbatches(&work, why);
    if (!st)
        st = choose_widths(&work, why);
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
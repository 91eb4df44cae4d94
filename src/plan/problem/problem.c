/* The checks of a plan's config, and sums over its layers.  One thread. */
#include "plan/problem/problem.h"

#include <inttypes.h>
#include <math.h>

#include "base/memory.h"

enum { KINDS = SLUICE_N_ACTION_KINDS };

/* Kinds that a layer has a cost of. */
static const int kinds[] = {SLUICE_F, SLUICE_B,      SLUICE_I,
                            SLUICE_W, SLUICE_R,      SLUICE_S,
                            SLUICE_T, SLUICE_UPDATE, SLUICE_REDUCE_GRAD};

enum { N_KINDS = sizeof kinds / sizeof *kinds };

/* Of a hand-off, ns. */
static const int64_t MOST_LATENCY =
    INT64_MAX / SLUICE_MAX_MICROBATCHES / SLUICE_PLAN_MAX_STAGES / 64;

/* What all layers take fits, also on the slowest device. */
static int64_t most_cost(const sluice_plan_config *config)
{
    return INT64_MAX / 4096 / config->n_layers;
}

static sluice_status check_given(const sluice_plan_config *config,
                                 sluice_diag *why)
{
    const char *lacks = NULL;
    if (!config->devices || config->n_devices < 1)
        lacks = "devices";
    else if (!config->layers || config->n_layers < 1)
        lacks = "layers";
    else if (!config->microbatches || config->n_microbatches < 1)
        lacks = "microbatches";
    else if (!config->costs_ns)
        lacks = "costs_ns";
    if (lacks)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "a plan needs `%s`, and how many there are",
                               lacks);
    if (config->n_devices > SLUICE_MAX_DEVICES ||
        config->n_layers > SLUICE_MODEL_MAX_LAYERS || config->batch < 1 ||
        config->batch > INT32_MAX)
        return sluice_diag_set(
            why, SLUICE_INVALID,
            "a plan for %d devices, %d layers and a batch of %" PRId64
            " rows: give at most %d, at most %d, and 1 to %d",
            config->n_devices, config->n_layers, config->batch,
            SLUICE_MAX_DEVICES, SLUICE_MODEL_MAX_LAYERS, INT32_MAX);
    if (config->least_devices < 0 || config->least_devices > config->n_devices)
        return sluice_diag_set(
            why, SLUICE_INVALID, "at least %d devices of %d: give 0 to %d",
            config->least_devices, config->n_devices, config->n_devices);
    if (config->latency_ns < 0 || config->latency_ns > MOST_LATENCY ||
        config->network_ns < 0 || config->network_ns > MOST_LATENCY ||
        config->wake_ns < 0 || config->wake_ns > MOST_LATENCY ||
        config->queue_capacity < 0)
        return sluice_diag_set(
            why, SLUICE_INVALID,
            "latencies of %" PRId64 " and %" PRId64 " ns, %" PRId64
            " ns to wake, a queue capacity of %d: give at least 0 "
            "for each",
            config->latency_ns, config->network_ns, config->wake_ns,
            config->queue_capacity);
    return SLUICE_OK;
}

static sluice_status check_devices(const sluice_plan_config *config,
                                   sluice_diag *why)
{
    for (int d = 0; d < config->n_devices; d++) {
        double speed = config->devices[d].speed;
        if (!isfinite(speed) || speed < 0 || (speed > 0 && speed < 1e-3) ||
            speed > 1e3)
            return sluice_diag_set(why, SLUICE_INVALID,
                                   "device %d has speed %g: give 0.001 to "
                                   "1000, or 0 for 1",
                                   d, speed);
    }
    const double rates[] = {config->bytes_per_ns, config->network_bytes_per_ns};
    for (int i = 0; i < 2; i++)
        if (!isfinite(rates[i]) || rates[i] < 0)
            return sluice_diag_set(why, SLUICE_INVALID,
                                   "a bandwidth of %g bytes/ns: give a finite "
                                   "one, or 0",
                                   rates[i]);
    return SLUICE_OK;
}

static sluice_status check_layers(const sluice_plan_config *config,
                                  sluice_diag *why)
{
    int64_t most = INT64_MAX / 256 / config->n_layers / config->batch;
    for (int i = 0; i < config->n_layers; i++) {
        const sluice_plan_layer *layer = &config->layers[i];
        const int64_t bytes[] = {layer->fixed_bytes, layer->param_bytes,
                                 layer->input_row_bytes, layer->saved_row_bytes,
                                 layer->scratch_row_bytes};
        for (int k = 0; k < 5; k++)
            if (bytes[k] < 0 || bytes[k] > most)
                return sluice_diag_set(why, SLUICE_INVALID,
                                       "layer %d takes %" PRId64
                                       " bytes: give 0 to %" PRId64,
                                       i, bytes[k], most);
    }
    return SLUICE_OK;
}

static sluice_status check_microbatches(const sluice_plan_config *config,
                                        sluice_diag *why)
{
    for (int m = 0; m < config->n_microbatches; m++) {
        int n = config->microbatches[m];
        if (n < 1 || n > SLUICE_MAX_MICROBATCHES || n > config->batch)
            return sluice_diag_set(why, SLUICE_INVALID,
                                   "%d micro-batches of %" PRId64
                                   " rows: give 1 to %d, and no more than rows",
                                   n, config->batch, SLUICE_MAX_MICROBATCHES);
    }
    return SLUICE_OK;
}

/* A list of the config, of numbers that may be taken. */
struct numbers {
    const int *values; /* NULL: the least one */
    int n;
    int least;
    int most;
    const char *what;
};

static sluice_status check_numbers(const struct numbers *numbers,
                                   sluice_diag *why)
{
    if (!numbers->values)
        return SLUICE_OK;
    for (int i = 0; i < numbers->n; i++)
        if (numbers->values[i] < numbers->least ||
            numbers->values[i] > numbers->most)
            return sluice_diag_set(why, SLUICE_INVALID, "%d %s: give %d to %d",
                                   numbers->values[i], numbers->what,
                                   numbers->least, numbers->most);
    if (numbers->n < 1)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "%d numbers of %s: give at least one, or none "
                               "at all for %d",
                               numbers->n, numbers->what, numbers->least);
    return SLUICE_OK;
}

static sluice_status check_lists(const sluice_plan_config *config,
                                 sluice_diag *why)
{
    const struct numbers lists[] = {
        {config->replicas, config->n_replicas, 1, SLUICE_MAX_DEVICES,
         "replicas"},
        {config->teams, config->n_teams, 1, SLUICE_MAX_DEVICES,
         "devices of a team"},
        {config->gathers, config->n_gathers, 0, SLUICE_MAX_MICROBATCHES,
         "gathered weight gradients"},
        {config->zeros, config->n_zeros, 0, 3, "as a ZeRO stage"},
    };
    sluice_status st = SLUICE_OK;
    for (size_t i = 0; i < sizeof lists / sizeof *lists && !st; i++)
        st = check_numbers(&lists[i], why);
    return st;
}

/* Where a layer's costs for number `m` of micro-batches begin. */
static size_t row_of(const struct sl_plan_problem *problem, int m, int layer)
{
    size_t row = (size_t)problem->division.team *
                     (size_t)problem->config->n_microbatches +
                 (size_t)m;
    return (row * (size_t)problem->n_layers + (size_t)layer) * KINDS;
}

/* The costs of one layer, of teams and micro-batches that are divided so. */
static sluice_status check_layer(const struct sl_plan_problem *problem, int i,
                                 bool has[KINDS], sluice_diag *why)
{
    const sluice_plan_config *config = problem->config;
    const int64_t *first_ns = sl_plan_first_costs(problem);
    int64_t most = most_cost(config);
    for (int k = 0; k < N_KINDS; k++) {
        int kind = kinds[k];
        int64_t ns = sl_plan_cost(problem, i, kind);
        int64_t first =
            first_ns ? first_ns[sl_plan_row(problem, i) + (size_t)kind] : 0;
        if (ns < -1 || ns > most)
            return sluice_diag_set(
                why, SLUICE_INVALID,
                "layer %d with %d micro-batches has a cost of %" PRId64
                " ns: give 0 to %" PRId64 ", or -1",
                i, config->microbatches[problem->division.m], ns, most);
        has[kind] &= ns >= 0;
        if (first < 0 || first > most)
            return sluice_diag_set(why, SLUICE_INVALID,
                                   "the first action of layer %d takes %" PRId64
                                   " ns longer: give 0 to %" PRId64,
                                   i, first, most);
    }
    return SLUICE_OK;
}

/* Costs are there for each layer, or for none; F and a backward are needed. */
static sluice_status check_costs(struct sl_plan_problem *problem,
                                 sluice_diag *why)
{
    const sluice_plan_config *config = problem->config;
    struct sl_plan_division *division = &problem->division;
    int n_teams = config->teams ? config->n_teams : 1;
    bool has[KINDS];
    sluice_status st = SLUICE_OK;
    for (int kind = 0; kind < KINDS; kind++)
        has[kind] = true;
    for (division->team = 0; division->team < n_teams; division->team++)
        for (division->m = 0; division->m < config->n_microbatches;
             division->m++)
            for (int once = 0; once <= 1; once++) {
                division->replicas =
                    once ? config->microbatches[division->m] : 1;
                for (int i = 0; i < problem->n_layers && !st; i++)
                    st = check_layer(problem, i, has, why);
            }
    division->replicas = 1;
    if (st)
        return st;
    problem->has_whole = has[SLUICE_B];
    problem->has_split = has[SLUICE_I] && has[SLUICE_W];
    problem->has_again = has[SLUICE_R] && !config->no_remat;
    problem->has_reduce = has[SLUICE_REDUCE_GRAD];
    if (has[SLUICE_F] && (problem->has_whole || problem->has_split))
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "some layer has no cost of F, or neither of B nor "
                           "of I and W: give them for all layers");
}

static sluice_status allocate(struct sl_plan_problem *problem, sluice_diag *why)
{
    size_t n = (size_t)problem->n_layers + 1;
    problem->storage =
        sl_alloc(problem->allocator, SL_PLAN_N_SUMS * n, sizeof(int64_t));
    problem->stage_ns =
        sl_alloc(problem->allocator, (size_t)SLUICE_PLAN_MAX_STAGES * KINDS,
                 sizeof(int64_t));
    if (!problem->storage || !problem->stage_ns)
        return sl_no_memory(why, "the costs of a plan");
    int64_t *at = problem->storage;
    problem->sums = (struct sl_plan_sums){
        at, at + n, at + 2 * n, at + 3 * n, at + 4 * n, at + 5 * n, at + 6 * n,
    };
    return SLUICE_OK;
}

sluice_status sl_plan_problem_init(struct sl_plan_problem *problem,
                                   const sluice_plan_config *config,
                                   sluice_diag *why)
{
    *problem = (struct sl_plan_problem){
        .config = config,
        .allocator = config->allocator,
        .n_layers = config->n_layers,
        .division = {.replicas = 1},
    };
    sluice_status st = check_given(config, why);
    if (!st)
        st = check_devices(config, why);
    if (!st)
        st = check_layers(config, why);
    if (!st)
        st = check_microbatches(config, why);
    if (!st)
        st = check_lists(config, why);
    if (!st)
        st = check_costs(problem, why);
    if (st)
        return st;
    st = allocate(problem, why);
    if (st)
        sl_plan_problem_fini(problem);
    return st;
}

void sl_plan_problem_fini(struct sl_plan_problem *problem)
{
    sl_free(problem->allocator, problem->stage_ns,
            (size_t)SLUICE_PLAN_MAX_STAGES * KINDS, sizeof(int64_t));
    sl_free(problem->allocator, problem->storage,
            SL_PLAN_N_SUMS * ((size_t)problem->n_layers + 1), sizeof(int64_t));
    problem->stage_ns = NULL;
    problem->storage = NULL;
}

size_t sl_plan_row(const struct sl_plan_problem *problem, int layer)
{
    return row_of(problem, problem->division.m, layer);
}

/* One of `n` equal parts, rounded. */
static int64_t part_of(int64_t whole, int n)
{
    return whole < 0 ? whole : (whole + n / 2) / n;
}

int64_t sl_plan_cost(const struct sl_plan_problem *problem, int layer, int kind)
{
    const struct sl_plan_division *division = &problem->division;
    bool joins = kind == SLUICE_W && division->gather > 1;
    size_t row = row_of(problem, joins ? division->joined : division->m, layer);
    const int64_t *costs_ns = sl_plan_is_once(problem)
                                  ? problem->config->once_ns
                                  : problem->config->costs_ns;
    int64_t ns = costs_ns[row + (size_t)kind];
    if (joins)
        return part_of(ns, division->gather);
    return kind == SLUICE_UPDATE && division->zero
               ? part_of(ns, division->replicas)
               : ns;
}

/* The largest of a layer's parts that are shared out. */
static int64_t share_of(const struct sl_plan_problem *problem, int64_t bytes,
                        int from_stage)
{
    int n =
        problem->division.zero >= from_stage ? problem->division.replicas : 1;
    return (bytes + n - 1) / n;
}

/* Gradients take as many bytes as the parameters do. */
static int64_t param_bytes(const sluice_plan_layer *layer)
{
    int64_t most = layer->fixed_bytes / 2;
    return layer->param_bytes < most ? layer->param_bytes : most;
}

int64_t sl_plan_share_of_fixed(const struct sl_plan_problem *problem,
                               int64_t fixed_bytes, int64_t p)
{
    return share_of(problem, p, 3) + share_of(problem, p, 2) +
           share_of(problem, fixed_bytes - 2 * p, 1);
}

int64_t sl_plan_fixed_bytes(const struct sl_plan_problem *problem, int layer)
{
    const sluice_plan_layer *l = &problem->config->layers[layer];
    return sl_plan_share_of_fixed(problem, l->fixed_bytes, param_bytes(l));
}

int64_t sl_plan_lent_bytes(const struct sl_plan_problem *problem, int layer)
{
    int64_t p = param_bytes(&problem->config->layers[layer]);
    return p - share_of(problem, p, 2);
}

int64_t sl_plan_rows(const struct sl_plan_problem *problem)
{
    int microbatches = problem->config->microbatches[problem->division.m];
    return (problem->config->batch + microbatches - 1) / microbatches;
}

void sl_plan_fastest(const struct sl_plan_problem *problem, int n, bool *taken)
{
    for (int d = 0; d < SLUICE_MAX_DEVICES; d++)
        taken[d] = false;
    for (int i = 0; i < n; i++) {
        int best = -1;
        for (int d = 0; d < problem->n_devices; d++)
            if (!taken[d] && (best < 0 || sl_plan_speed(problem, d) >
                                              sl_plan_speed(problem, best)))
                best = d;
        taken[best] = true;
    }
}

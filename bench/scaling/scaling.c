/* Many devices, simulated.  The main thread. */
#include "bench/scaling/scaling.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <sluice/model.h>
#include <sluice/partition.h>
#include <sluice/plan.h>
#include <sluice/schedule.h>
#include <sluice/schedule_passes.h>
#include <sluice/simulate.h>

#include "bench/scaling/cluster.h"
#include "bench/zero/zero_formula.h"

enum {
    KINDS = SLUICE_N_ACTION_KINDS,
    N_STATES = 2, /* of Adam */
    FLOAT = 4,
    MOST_ROWS = 256, /* of a number of devices */
    MOST_STAGES = SLUICE_PLAN_MAX_STAGES,
};

struct scaling {
    const struct scaling_config *config;
    sluice_model *model;
    int n_layers;              /* blocks, embedding and head */
    sluice_plan_layer *layers; /* [n_layers] */
    int64_t *costs_ns;         /* [n_layers][KINDS] of a micro-batch */
    double work_ns;            /* of a step, on one device */
    double row_bytes;          /* between two blocks, of a sequence */
    int n;
    struct scaling_row rows[MOST_ROWS]; /* of a number of devices */
};

/* One way under way. */
struct trial {
    struct scaling *of;
    struct scaling_row *row;
    sluice_schedule *schedule;
    int n_stages;
    int sizes[MOST_STAGES];
    int64_t stage_ns[MOST_STAGES][KINDS];
    int64_t latency_ns[MOST_STAGES];
    double fixed_bytes[SLUICE_MAX_DEVICES]; /* by place */
};

/* Within a node, or between two. */
static struct cluster_link link_of(const struct scaling_config *config,
                                   bool far)
{
    return (struct cluster_link){
        .latency_ns = (double)(far ? config->network_ns : config->latency_ns),
        .bytes_per_ns =
            (double)(far ? config->network_rate : config->rate) / 1e9,
    };
}

/* A team adds up rows x width floats for each half of a block, forwards and
 * backwards; once for the embedding, and once for the head's gradient
 * (Shoeybi et al., 2019, section 3). */
static int n_reductions(const struct scaling *s, int layer, int kind)
{
    bool forward = kind == SLUICE_F || kind == SLUICE_R;
    bool backward = kind == SLUICE_B || kind == SLUICE_I;
    if (layer == 0)
        return forward;
    if (layer == s->n_layers - 1)
        return backward;
    return 2 * (forward || backward);
}

static double reduced_bytes(const struct scaling *s)
{
    return s->row_bytes * (double)s->config->rows;
}

static int64_t layer_ns(const struct trial *t, int layer, int kind)
{
    const struct scaling *s = t->of;
    int64_t ns = s->costs_ns[layer * KINDS + kind] / t->row->team;
    int64_t reduce = cluster_reduce_ns(link_of(s->config, false), t->row->team,
                                       reduced_bytes(s));
    return ns + n_reductions(s, layer, kind) * reduce;
}

static sluice_status cut(struct trial *t, sluice_diag *why)
{
    const struct scaling *s = t->of;
    double *costs = calloc((size_t)s->n_layers, sizeof *costs);
    if (!costs)
        return sluice_diag_set(why, SLUICE_NO_MEMORY,
                               "out of memory for the costs of a cut");
    for (int i = 0; i < s->n_layers; i++)
        costs[i] =
            (double)(layer_ns(t, i, SLUICE_F) + layer_ns(t, i, SLUICE_B));
    sluice_status st = sluice_partition_minimax(costs, s->n_layers, t->n_stages,
                                                NULL, t->sizes, why);
    free(costs);
    return st;
}

/* Gradients are added up after the last backward: part of the UPDATE. */
static void add_reduction(struct trial *t, int stage, double parameter_bytes)
{
    const struct scaling_config *config = t->of->config;
    struct scaling_row *row = t->row;
    bool far = row->devices > config->node_devices;
    double bytes = parameter_bytes * (config->zero >= 3 ? 1.5 : 1);
    int64_t ns = row->replicas > 1 ? cluster_reduce_ns(link_of(config, far),
                                                       row->replicas, bytes)
                                   : 0;
    int64_t sent = llround(cluster_reduce_bytes(row->replicas, bytes));
    t->stage_ns[stage][SLUICE_UPDATE] += ns;
    row->reduce_ns = ns > row->reduce_ns ? ns : row->reduce_ns;
    row->reduce_bytes = sent > row->reduce_bytes ? sent : row->reduce_bytes;
}

/* Of all micro-batches. */
static void count_team(struct trial *t, int first, int end)
{
    const struct scaling *s = t->of;
    struct scaling_row *row = t->row;
    int n = 0;
    for (int i = first; i < end; i++)
        n += n_reductions(s, i, SLUICE_F) + n_reductions(s, i, SLUICE_B);
    int64_t each = cluster_reduce_ns(link_of(s->config, false), row->team,
                                     reduced_bytes(s));
    int64_t sent = llround(cluster_reduce_bytes(row->team, reduced_bytes(s)));
    int64_t all = (int64_t)n * row->microbatches;
    row->team_ns = all * each > row->team_ns ? all * each : row->team_ns;
    row->team_bytes =
        all * sent > row->team_bytes ? all * sent : row->team_bytes;
}

static int place_of(const struct trial *t, int stage)
{
    return sluice_schedule_stage_device(t->schedule, stage);
}

/* A replica's devices follow each other, those of a team first. */
static int node_of(const struct trial *t, int stage)
{
    return place_of(t, stage) * t->row->team / t->of->config->node_devices;
}

static void price_stages(struct trial *t)
{
    const struct scaling *s = t->of;
    double params = zero_formula_parameter(0, 1, N_STATES) / FLOAT;
    double held =
        zero_formula_parameter(s->config->zero, t->row->replicas, N_STATES) /
        FLOAT;
    for (int stage = 0, i = 0; stage < t->n_stages; stage++) {
        int first = i;
        double bytes = 0;
        for (int end = i + t->sizes[stage]; i < end; i++) {
            bytes += (double)s->layers[i].fixed_bytes / params / t->row->team;
            for (int kind = 0; kind <= SLUICE_UPDATE; kind++)
                t->stage_ns[stage][kind] += layer_ns(t, i, kind);
        }
        t->fixed_bytes[place_of(t, stage)] += bytes * held;
        add_reduction(t, stage, bytes);
        count_team(t, first, i);
        if (stage + 1 == t->n_stages)
            continue;
        bool far = node_of(t, stage) != node_of(t, stage + 1);
        t->latency_ns[stage] =
            cluster_send_ns(link_of(s->config, far), reduced_bytes(s));
        t->row->hand_bytes +=
            2 * t->row->microbatches * llround(reduced_bytes(s));
    }
}

/* The verifier's peaks.  A team holds activations once. */
static sluice_status count_bytes(struct trial *t, sluice_diag *why)
{
    const struct scaling *s = t->of;
    int64_t input[MOST_STAGES], inner[MOST_STAGES];
    sluice_device_facts facts[SLUICE_MAX_DEVICES];
    for (int stage = 0, i = 0; stage < t->n_stages; stage++) {
        input[stage] = s->layers[i].input_row_bytes * s->config->rows;
        inner[stage] = 0;
        for (int end = i + t->sizes[stage]; i < end; i++)
            inner[stage] += s->layers[i].saved_row_bytes * s->config->rows;
    }
    const sluice_verify_config rules = {.input_bytes = input,
                                        .inner_bytes = inner};
    sluice_status st = sluice_schedule_verify(t->schedule, &rules, facts, why);
    t->row->bytes = 0;
    for (int p = 0; p < t->row->places && !st; p++) {
        int64_t bytes =
            llround(t->fixed_bytes[p]) + facts[p].peak_bytes / t->row->team;
        t->row->bytes = bytes > t->row->bytes ? bytes : t->row->bytes;
    }
    return st;
}

static bool is_over(const struct trial *t)
{
    uint64_t cap = t->of->config->cap_bytes;
    return cap && (uint64_t)t->row->bytes > cap;
}

/* Recompute everywhere, if it does not fit otherwise. */
static sluice_status fit(struct trial *t, sluice_diag *why)
{
    sluice_remat remats[MOST_STAGES];
    sluice_status st = count_bytes(t, why);
    if (st || !is_over(t))
        return st;
    for (int stage = 0; stage < t->n_stages; stage++)
        remats[stage] = SLUICE_REMAT_ALWAYS;
    const sluice_recompute_config config = {.stage_remat = remats};
    sluice_schedule *with;
    st = sluice_schedule_recompute(t->schedule, &config, &with, why);
    if (st)
        return st;
    sluice_schedule_destroy(t->schedule);
    t->schedule = with;
    t->row->recomputes = true;
    return count_bytes(t, why);
}

static sluice_status simulate(struct trial *t, sluice_diag *why)
{
    struct scaling_row *row = t->row;
    const sluice_simulate_config config = {
        .stage_costs_ns = t->stage_ns[0],
        .stage_latency_ns = t->latency_ns,
        .no_events = true,
    };
    sluice_simulation *simulation;
    sluice_time_share all;
    sluice_status st = sluice_simulate(t->schedule, &config, &simulation, why);
    if (st)
        return st;
    sluice_simulation_account(simulation, NULL, &all);
    row->step_ns = sluice_simulation_trace(simulation)->end_ns;
    row->bubble = all.bubble;
    row->efficiency =
        t->of->work_ns / ((double)row->devices * (double)row->step_ns);
    row->fits = !is_over(t);
    sluice_simulation_destroy(simulation);
    return SLUICE_OK;
}

static sluice_status price(struct trial *t, sluice_diag *why)
{
    t->n_stages = sluice_schedule_n_stages(t->schedule);
    sluice_status st = cut(t, why);
    if (!st) {
        price_stages(t);
        st = fit(t, why);
    }
    return st ? st : simulate(t, why);
}

static bool is_possible(const struct scaling *s, const struct scaling_row *row,
                        const sluice_schedule *schedule)
{
    int n = sluice_schedule_n_stages(schedule);
    return n <= s->n_layers && n <= MOST_STAGES && row->places <= n &&
           sluice_schedule_n_copies(schedule) == 1 &&
           sluice_schedule_n_updates(schedule) == 1;
}

/* Left out if the schedule cannot have these numbers. */
static sluice_status try_row(struct scaling *s, struct scaling_row row,
                             sluice_diag *why)
{
    const sluice_schedule_config wanted = {.name = s->config->schedule,
                                           .devices = row.places,
                                           .microbatches = row.microbatches};
    struct trial t = {.of = s, .row = &row};
    sluice_status st = sluice_schedule_generate(&wanted, &t.schedule, why);
    if (st == SLUICE_INVALID)
        return SLUICE_OK;
    if (st)
        return st;
    if (is_possible(s, &row, t.schedule)) {
        st = price(&t, why);
        if (!st && s->n < MOST_ROWS)
            s->rows[s->n++] = row;
    }
    sluice_schedule_destroy(t.schedule);
    return st;
}

static sluice_status try_all(struct scaling *s, int devices, sluice_diag *why)
{
    const struct scaling_config *config = s->config;
    sluice_status st = SLUICE_OK;
    s->n = 0;
    for (int team = 1; team <= config->heads && team <= config->node_devices;
         team *= 2)
        for (int k = 1; k <= config->layers && k <= SLUICE_MAX_DEVICES && !st;
             k *= 2) {
            int replicas = devices / (team * k);
            int64_t rows = replicas ? replicas * config->rows : 1;
            int64_t m = config->batch / rows;
            if (replicas * team * k == devices && config->batch % rows == 0 &&
                config->heads % team == 0 && m <= SLUICE_MAX_MICROBATCHES)
                st = try_row(s,
                             (struct scaling_row){.devices = devices,
                                                  .places = k,
                                                  .replicas = replicas,
                                                  .team = team,
                                                  .microbatches = (int)m},
                             why);
        }
    return st;
}

static void tell(struct scaling *s, scaling_on_row *on_row, void *context)
{
    int best = -1;
    for (int i = 0; i < s->n; i++)
        if (s->rows[i].fits &&
            (best < 0 || s->rows[i].step_ns < s->rows[best].step_ns))
            best = i;
    for (int i = 0; i < s->n; i++) {
        s->rows[i].fastest = i == best;
        on_row(context, &s->rows[i]);
    }
}

static void set_costs(struct scaling *s)
{
    const struct scaling_config *config = s->config;
    const sluice_plan_rates rates = {
        .flops_per_ns = config->gflops,
        .bytes_per_ns = (double)config->memory_rate / 1e9,
    };
    sluice_plan_model_costs(s->model, config->rows, &rates, s->costs_ns);
    for (int i = 0; i < s->n_layers; i++) {
        const int64_t *of = &s->costs_ns[i * KINDS];
        s->work_ns += (double)(of[SLUICE_F] + of[SLUICE_B]) *
                      (double)config->batch / (double)config->rows;
    }
    s->row_bytes = (double)config->context * config->width * FLOAT;
}

static sluice_status parse(struct scaling *s, sluice_diag *why)
{
    const struct scaling_config *config = s->config;
    const sluice_adam_config adam = {
        .learning_rate = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8};
    const sluice_pipeline_config pipeline = {.optimizer = sluice_adam(),
                                             .optimizer_config = &adam};
    char text[256];
    snprintf(text, sizeof text,
             "gpt2(layers=%d, heads=%d, width=%d, vocabulary=%d, context=%d, "
             "untied)",
             config->layers, config->heads, config->width, config->vocabulary,
             config->context);
    sluice_status st = sluice_model_parse(text, NULL, &s->model, why);
    if (st)
        return st;
    s->n_layers = sluice_model_n_layers(s->model);
    s->layers = calloc((size_t)s->n_layers, sizeof *s->layers);
    s->costs_ns = calloc((size_t)s->n_layers * KINDS, sizeof *s->costs_ns);
    if (!s->layers || !s->costs_ns)
        return sluice_diag_set(why, SLUICE_NO_MEMORY,
                               "out of memory for the costs of layers");
    st = sluice_plan_layers(s->model, &pipeline, s->layers, why);
    if (!st)
        set_costs(s);
    return st;
}

sluice_status scaling_find(const struct scaling_config *config,
                           scaling_on_row *on_row, void *context,
                           sluice_diag *why)
{
    struct scaling s = {.config = config};
    sluice_status st = parse(&s, why);
    for (int i = 0; i < config->devices.n && !st; i++) {
        int devices = config->devices.values[i];
        st = try_all(&s, devices, why);
        if (!st && s.n == 0)
            st = sluice_diag_set(
                why, SLUICE_INVALID,
                "%s cannot use %d devices with %d blocks, %d heads and a batch "
                "of %" PRId64 ": give more of these, or fewer devices",
                config->schedule, devices, config->layers, config->heads,
                config->batch);
        if (!st)
            tell(&s, on_row, context);
    }
    free(s.costs_ns);
    free(s.layers);
    sluice_model_destroy(s.model);
    return st;
}

/* Pipeline against data and tensor parallelism.  The main thread. */
#include "bench/compare/compare.h"

#include <math.h>
#include <stdlib.h>

#include <sluice/reference.h>
#include <sluice/shape.h>

#include "bench/measure/depth.h"
#include "bench/output/progress.h"
#include "bench/order/schedule_source.h"
#include "bench/measure/yardstick.h"
#include "bench/roofline/bound.h"
#include "bench/world/joined.h"
#include "bench/zero/zero_formula.h"

/* A reference serves all rows with its replicas and micro-batches, on any
 * number of devices unless the schedule is not a generator's. */
struct known {
    int replicas;
    int microbatches;
    int places; /* 0: any */
    struct yardstick *yardstick;
    struct known *next;
};

struct comparison {
    const struct compare_config *config;
    compare_on_row *on_row;
    void *context;
    struct workload work;
    struct order_options plain; /* one micro-batch: nothing to choose */
    struct known *known;
    double naive_ns;
    double naive_virtual_ns;
    struct progress progress;
    int n_rows;
};

static struct measure_config how_to(const struct comparison *c,
                                    const struct compare_row *row)
{
    const struct run_options *run = &c->config->run;
    return (struct measure_config){
        .work = &c->work,
        .order = row->places > 1 ? &c->config->order : &c->plain,
        .devices = row->places,
        .replicas = row->replicas,
        .team = row->team,
        .zero = row->zero,
        .microbatches = row->microbatches,
        .warmup = run->warmup,
        .draw = run->draw,
        .repetitions = run->repetitions,
        .seed = run->seed,
        .world = row->processes > 1 ? run->world : NULL,
    };
}

static sluice_status find_yardstick(struct comparison *c,
                                    const struct measure_config *how,
                                    const struct yardstick **out,
                                    sluice_diag *why)
{
    int places = how->custom ? how->devices : 0;
    if (how->custom &&
        !sluice_reference_exists(how->custom, how->order->join_weights))
        return SLUICE_OK;
    for (struct known *k = c->known; k; k = k->next)
        if (k->replicas == how->replicas && k->places == places &&
            k->microbatches == how->microbatches) {
            *out = k->yardstick;
            return SLUICE_OK;
        }
    struct known *k = calloc(1, sizeof *k);
    if (!k)
        return sluice_diag_set(why, SLUICE_NO_MEMORY,
                               "out of memory for a reference");
    sluice_status st = yardstick_create(how, &k->yardstick, why);
    if (st) {
        free(k);
        return st;
    }
    k->replicas = how->replicas;
    k->microbatches = how->microbatches;
    k->places = places;
    k->next = c->known;
    c->known = k;
    *out = k->yardstick;
    return SLUICE_OK;
}

static void set_speedups(struct comparison *c, struct compare_row *row)
{
    const struct samples *s = &row->measured.samples;
    double ns = samples_median(s, FIGURE_STEP_NS);
    double virtual_ns = samples_median(s, FIGURE_VIRTUAL_NS);
    if (c->naive_ns == 0) {
        c->naive_ns = ns;
        c->naive_virtual_ns = virtual_ns;
    }
    row->speedup = c->naive_ns / ns;
    row->speedup_virtual = c->naive_virtual_ns / virtual_ns;
}

/* The deepest network as wide as this one's first layer. */
static sluice_status find_depth(const struct comparison *c,
                                const struct measure_config *how,
                                struct compare_row *row, sluice_diag *why)
{
    sluice_pipeline_config pipeline = measure_pipeline_config(how);
    const sluice_layer_plan *first = sluice_model_layer_plan(c->work.model, 0);
    row->width = sluice_shape_elements(&first->out);
    const struct depth_layer layer = {.width = row->width};
    return depth_search(&pipeline, &layer, c->config->cap_bytes, &row->deepest,
                        why);
}

static double find_bound(const struct comparison *c,
                         const struct measure_config *how)
{
    const struct bound_config bound = {
        .model = c->work.model,
        .order = how->order,
        .devices = how->devices,
        .replicas = how->replicas,
        .team = how->team,
        .zero = how->zero,
        .microbatches = how->microbatches,
        .batch = c->config->batch,
        .steps = how->repetitions,
    };
    return bound_step_ns(&bound);
}

/* What ZeRO's formula says of the plan without it: a device holds 1 / R of what
 * is shared out. */
static sluice_status find_formula(const struct measure_config *how,
                                  struct compare_row *row, sluice_diag *why)
{
    sluice_memory_plan plans[SLUICE_MAX_DEVICES];
    struct measure_config plain = *how;
    plain.zero = 0;
    plain.world = NULL; /* planning asks no other process */
    sluice_pipeline_config config = measure_pipeline_config(&plain);
    sluice_status st =
        sluice_pipeline_plan(how->work->model, &config, plans, why);
    for (int d = 0; d < row->places * row->team && !st; d++) {
        const struct zero_shares whole = {(double)plans[d].parameters,
                                          (double)plans[d].gradients,
                                          (double)plans[d].optimizer};
        row->zero_bytes = fmax(row->zero_bytes,
                               zero_formula(row->zero, row->replicas, whole));
    }
    return st;
}

static sluice_status run_row(struct comparison *c, struct compare_row row,
                             sluice_diag *why)
{
    struct measure_config how = how_to(c, &row);
    const struct yardstick *yardstick = NULL;
    sluice_schedule *custom;
    sluice_status st =
        order_custom(how.order, row.places, row.microbatches, &custom, why);
    if (st)
        return st;
    how.custom = custom;
    st = find_yardstick(c, &how, &yardstick, why);
    if (!st)
        st = find_depth(c, &how, &row, why);
    if (!st)
        st = find_formula(&how, &row, why);
    if (!st)
        st = measure(&how, yardstick, &row.measured, why);
    sluice_schedule_destroy(custom);
    if (st)
        return st;
    set_speedups(c, &row);
    row.team_traffic =
        traffic_team_bytes(c->work.model, c->config->batch, row.team);
    row.bound_ns = find_bound(c, &how);
    progress_erase(&c->progress);
    c->on_row(c->context, &row);
    progress_step(&c->progress);
    measurement_fini(&row.measured);
    return SLUICE_OK;
}

/* All processes go on together, whichever of them have run it. */
static sluice_status measure_row(struct comparison *c, struct compare_row row,
                                 sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    row.processes =
        joined_processes(c->config->run.world, row.places * row.replicas);
    if (row.processes > 0)
        st = run_row(c, row, why);
    return sluice_world_agree(c->config->run.world, st, why);
}

typedef sluice_status act_on(struct comparison *c, struct compare_row row,
                             sluice_diag *why);

static const char *layout_of(const struct compare_row *row)
{
    bool pipeline = row->places > 1, data = row->replicas > 1;
    if (row->team > 1)
        return pipeline || data ? "hybrid" : "tensor";
    return pipeline && data ? "both" : pipeline ? "pipeline" : "data";
}

/* Each stage of ZeRO, where there are replicas, and each M. */
static sluice_status each_choice(struct comparison *c, struct compare_row row,
                                 act_on *act, sluice_diag *why)
{
    const struct compare_config *config = c->config;
    const struct range *m = &config->microbatches;
    bool shares = row.replicas > 1;
    int n_zeros = shares ? config->zeros.n : 1;
    int n_m = row.places > 1 ? m->n : 1;
    sluice_status st = SLUICE_OK;
    row.layout = layout_of(&row);
    for (int z = 0; z < n_zeros; z++)
        for (int i = 0; i < n_m && !st; i++) {
            row.zero = shares ? config->zeros.values[z] : 0;
            row.microbatches = row.places > 1 ? m->values[i] : 1;
            st = act(c, row, why);
        }
    return st;
}

/* Every way to use that many devices, more than one. */
static sluice_status each_way(struct comparison *c, int devices, act_on *act,
                              sluice_diag *why)
{
    const struct range *teams = &c->config->teams;
    sluice_status st = SLUICE_OK;
    for (int t = 0; t < teams->n; t++) {
        int team = teams->values[t], left = devices / team;
        for (int replicas = 1; replicas <= left && !st; replicas++)
            if (left % replicas == 0 && left * team == devices)
                st = each_choice(c,
                                 (struct compare_row){
                                     .places = left / replicas,
                                     .replicas = replicas,
                                     .team = team,
                                 },
                                 act, why);
    }
    return st;
}

static sluice_status each_row(struct comparison *c, act_on *act,
                              sluice_diag *why)
{
    const struct range *devices = &c->config->devices;
    sluice_status st = act(c,
                           (struct compare_row){.layout = "naive",
                                                .places = 1,
                                                .replicas = 1,
                                                .team = 1,
                                                .microbatches = 1},
                           why);
    for (int i = 0; i < devices->n && !st; i++)
        if (devices->values[i] > 1)
            st = each_way(c, devices->values[i], act, why);
    return st;
}

static sluice_status count_row(struct comparison *c, struct compare_row row,
                               sluice_diag *why)
{
    (void)row;
    (void)why;
    c->n_rows++;
    return SLUICE_OK;
}

sluice_status compare_measure(const struct compare_config *config,
                              compare_on_row *on_row, void *context,
                              sluice_diag *why)
{
    struct comparison c = {
        .config = config,
        .on_row = on_row,
        .context = context,
        .plain = ORDER_DEFAULTS,
    };
    sluice_status st = workload_parse(&c.work, config->model, config->batch,
                                      config->run.seed, why);
    if (!st)
        st = each_row(&c, count_row, why);
    progress_begin(&c.progress, stderr, c.n_rows);
    if (!st)
        st = each_row(&c, measure_row, why);
    progress_erase(&c.progress);
    while (c.known) {
        struct known *next = c.known->next;
        yardstick_destroy(c.known->yardstick);
        free(c.known);
        c.known = next;
    }
    workload_fini(&c.work);
    return st;
}

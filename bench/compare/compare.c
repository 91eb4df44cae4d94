/* Pipeline against data parallelism.  The main thread. */
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
        .microbatches = row->microbatches,
        .warmup = run->warmup,
        .draw = run->draw,
        .repetitions = run->repetitions,
        .seed = run->seed,
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
        .microbatches = how->microbatches,
        .batch = c->config->batch,
        .steps = how->repetitions,
    };
    return how->replicas == 1 ? bound_step_ns(&bound) : NAN;
}

static sluice_status measure_row(struct comparison *c, struct compare_row row,
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
        st = measure(&how, yardstick, &row.measured, why);
    sluice_schedule_destroy(custom);
    if (st)
        return st;
    set_speedups(c, &row);
    row.bound_ns = find_bound(c, &how);
    progress_erase(&c->progress);
    c->on_row(c->context, &row);
    progress_step(&c->progress);
    measurement_fini(&row.measured);
    return SLUICE_OK;
}

/* All numbers of micro-batches, for replicas of pipelines. */
static sluice_status measure_pipelines(struct comparison *c, int places,
                                       int replicas, sluice_diag *why)
{
    const struct range *m = &c->config->microbatches;
    sluice_status st = SLUICE_OK;
    for (int i = 0; i < m->n && !st; i++)
        st = measure_row(c,
                         (struct compare_row){
                             .layout = replicas > 1 ? "both" : "pipeline",
                             .places = places,
                             .replicas = replicas,
                             .microbatches = m->values[i],
                         },
                         why);
    return st;
}

static sluice_status measure_plain(struct comparison *c, const char *layout,
                                   int replicas, sluice_diag *why)
{
    return measure_row(c,
                       (struct compare_row){
                           .layout = layout,
                           .places = 1,
                           .replicas = replicas,
                           .microbatches = 1,
                       },
                       why);
}

/* Every way to use that many devices, more than one. */
static sluice_status measure_devices(struct comparison *c, int devices,
                                     sluice_diag *why)
{
    sluice_status st = measure_pipelines(c, devices, 1, why);
    if (!st)
        st = measure_plain(c, "data", devices, why);
    for (int replicas = 2; replicas < devices && !st; replicas++)
        if (devices % replicas == 0)
            st = measure_pipelines(c, devices / replicas, replicas, why);
    return st;
}

/* How many rows there will be: as below. */
static int count_rows(const struct compare_config *config)
{
    int n = 1;
    for (int i = 0; i < config->devices.n; i++) {
        int devices = config->devices.values[i];
        n += devices > 1;
        for (int replicas = 1; replicas < devices; replicas++)
            if (devices % replicas == 0)
                n += config->microbatches.n;
    }
    return n;
}

static sluice_status measure_all(struct comparison *c, sluice_diag *why)
{
    const struct range *devices = &c->config->devices;
    sluice_status st = measure_plain(c, "naive", 1, why);
    for (int i = 0; i < devices->n && !st; i++)
        if (devices->values[i] > 1)
            st = measure_devices(c, devices->values[i], why);
    return st;
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
    progress_begin(&c.progress, stderr, count_rows(config));
    if (!st)
        st = measure_all(&c, why);
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

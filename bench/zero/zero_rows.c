/* ZeRO stages, measured.  The main thread. */
#include "bench/zero/zero_rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sluice/loss.h>
#include <sluice/optimizer.h>
#include <sluice/pipeline.h>

#include "bench/measure/measure_config.h"
#include "bench/measure/samples.h"
#include "bench/measure/workload.h"
#include "bench/order/order.h"
#include "bench/output/progress.h"
#include "bench/roofline/bound.h"
#include "bench/world/joined.h"
#include "bench/zero/zero_formula.h"

enum { WARM_UP = 2 };

static const char openblas[] = "openblas"; /* the same bytes on every machine */

static const struct subject {
    const char *name;
    const char *text;
    int n_states;
} subjects[] = {
    {"sgd", "sgd:lr=0.001,momentum=0.9", 1},
    {"adamw", "adamw:lr=0.0001", 2},
};

enum { N_SUBJECTS = sizeof subjects / sizeof *subjects };

/* Two pipelines that step in turn: plain replicas, and those of a stage. */
struct race {
    const struct zero_config *config;
    const struct workload *work;
    sluice_optimizer_choice optimizer;
    sluice_pipeline *plain;
    sluice_pipeline *pipe;
    double *plain_ns; /* [steps] */
    double *ns;
    double *ratios;
};

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static sluice_status create(const struct race *race, const struct zero_row *row,
                            int zero, sluice_pipeline **out, sluice_diag *why)
{
    const struct zero_config *c = race->config;
    sluice_pipeline_config config =
        plain_pipeline_config(c->devices, c->microbatches, c->batch);
    config.schedule.name = c->chunks > 1 ? "looped-bfs" : "gpipe";
    config.schedule.chunks = c->chunks;
    config.optimizer = race->optimizer.ops;
    config.optimizer_config = &race->optimizer.config;
    config.replicas = row->replicas;
    config.world = row->processes > 1 ? c->world : NULL;
    config.zero = zero;
    config.uneven = true;
    config.seed = c->seed;
    config.gemm = openblas;
    config.queue_capacity = c->microbatches;
    config.pinning = SLUICE_PIN_OFF; /* the second one would have no cores */
    return sluice_pipeline_create(&config, race->work->model, out, why);
}

static void count_bytes(const sluice_pipeline *pipe, const sluice_model *model,
                        struct zero_row *row)
{
    double n = (double)sluice_model_n_parameters(model);
    int devices = sluice_pipeline_n_devices(pipe);
    for (int d = 0; d < devices; d++) {
        sluice_device_info info;
        sluice_pipeline_device(pipe, d, &info);
        row->planned_bytes += (int64_t)info.planned.total;
        row->actual_bytes += (int64_t)info.actual_bytes;
        if (d >= devices / row->replicas)
            continue;
        row->parameters += (double)info.planned.parameters / n;
        row->gradients += (double)info.planned.gradients / n;
        row->states += (double)info.planned.optimizer / n;
    }
}

static sluice_status step(const struct race *race, sluice_pipeline *pipe,
                          double *ns, sluice_diag *why)
{
    double from = now_ns();
    sluice_status st = sluice_pipeline_step(
        pipe, race->work->x, race->work->targets, race->work->rows, NULL, why);
    *ns = now_ns() - from;
    return st;
}

static double find_bound(const struct race *race, const struct zero_row *row)
{
    const struct zero_config *c = race->config;
    struct order_options order = ORDER_DEFAULTS;
    order.capacity = c->microbatches;
    order.gemm = openblas;
    const sluice_pipeline_config trains = {
        .optimizer = race->optimizer.ops,
        .optimizer_config = &race->optimizer.config,
        .loss = sluice_mean_squared_error(),
    };
    const struct bound_config bound = {
        .model = race->work->model,
        .order = &order,
        .schedule = sluice_pipeline_schedule(race->pipe),
        .trains = &trains,
        .devices = c->devices,
        .replicas = row->replicas,
        .zero = row->zero,
        .microbatches = c->microbatches,
        .batch = c->batch,
        .steps = c->steps,
    };
    return bound_step_ns(&bound);
}

static bool is_first(const struct race *race)
{
    const sluice_world *world = race->config->world;
    return !world || sluice_world_rank(world) == 0;
}

/* Steps in turn, so that what disturbs the machine disturbs both. */
static sluice_status time_steps(struct race *race, struct zero_row *row,
                                sluice_diag *why)
{
    int n = race->config->steps;
    double ignored;
    sluice_status st = SLUICE_OK;
    row->step_ns = row->bound_ns = row->over = NAN;
    for (int i = 0; i < WARM_UP && !st; i++) {
        st = step(race, race->plain, &ignored, why);
        if (!st)
            st = step(race, race->pipe, &ignored, why);
    }
    for (int i = 0; i < n && !st; i++) {
        bool first = i % 2; /* each is the first in every second pair */
        if (first)
            st = step(race, race->pipe, &race->ns[i], why);
        if (!st)
            st = step(race, race->plain, &race->plain_ns[i], why);
        if (!st && !first)
            st = step(race, race->pipe, &race->ns[i], why);
        race->ratios[i] = race->ns[i] / race->plain_ns[i] - 1;
    }
    if (!st && n > 0) {
        row->step_ns = median_of(race->ns, n);
        row->over = median_of(race->ratios, n);
        if (is_first(race)) /* alone: it measures the machine */
            row->bound_ns = find_bound(race, row);
    }
    return st;
}

static sluice_status compare(const struct race *race, struct zero_row *row,
                             sluice_diag *why)
{
    sluice_parameter at = {0};
    sluice_status st = SLUICE_OK;
    while (!st && sluice_model_next_parameter(race->work->model, &at)) {
        size_t n = (size_t)at.n;
        float *a = malloc(2 * n * sizeof *a);
        if (!a)
            return sluice_diag_set(why, SLUICE_NO_MEMORY, "out of memory");
        float *b = a + n;
        st = sluice_pipeline_get_parameter(race->plain, at.name, a, at.n, why);
        if (!st)
            st = sluice_pipeline_get_parameter(race->pipe, at.name, b, at.n,
                                               why);
        for (size_t i = 0; i < n && !st; i++)
            row->wrong += memcmp(&a[i], &b[i], sizeof *a) != 0;
        free(a);
    }
    return st;
}

static sluice_status measure_row(struct race *race, struct zero_row *row,
                                 sluice_diag *why)
{
    sluice_status st = create(race, row, 0, &race->plain, why);
    if (st)
        return st;
    st = create(race, row, row->zero, &race->pipe, why);
    if (!st) {
        count_bytes(race->pipe, race->work->model, row);
        st = time_steps(race, row, why);
        if (!st)
            st = compare(race, row, why);
        sluice_pipeline_destroy(race->pipe);
    }
    sluice_pipeline_destroy(race->plain);
    return st;
}

/* All processes go on together, whichever of them have run it. */
static sluice_status run_row(struct race *race, const char *optimizer,
                             struct zero_row *row, sluice_diag *why)
{
    sluice_world *world = race->config->world;
    sluice_status st = SLUICE_OK;
    row->processes =
        joined_processes(world, race->config->devices * row->replicas);
    if (row->processes > 0)
        st = sluice_optimizer_parse(optimizer, &race->optimizer, why);
    if (!st && row->processes > 0)
        st = measure_row(race, row, why);
    return sluice_world_agree(world, st, why);
}

static sluice_status measure_all(struct race *race, zero_on_row *on_row,
                                 void *context, sluice_diag *why)
{
    const struct range *replicas = &race->config->replicas;
    const struct range *stages = &race->config->stages;
    struct progress progress;
    sluice_status st = SLUICE_OK;
    int n = N_SUBJECTS * replicas->n * stages->n;
    progress_begin(&progress, stderr, n);
    for (int i = 0; i < n && !st; i++) {
        const struct subject *s = &subjects[i / stages->n / replicas->n];
        struct zero_row row = {
            .optimizer = s->name,
            .replicas = replicas->values[i / stages->n % replicas->n],
            .zero = stages->values[i % stages->n],
        };
        row.paper = zero_formula_parameter(row.zero, row.replicas, s->n_states);
        st = run_row(race, s->text, &row, why);
        progress_erase(&progress);
        if (!st && row.processes > 0)
            on_row(context, &row);
        progress_step(&progress);
    }
    progress_erase(&progress);
    return st;
}

sluice_status zero_measure(const struct zero_config *config,
                           zero_on_row *on_row, void *context, sluice_diag *why)
{
    struct workload work;
    size_t n = (size_t)config->steps + 1;
    double *times = calloc(3 * n, sizeof *times);
    if (!times)
        return sluice_diag_set(why, SLUICE_NO_MEMORY, "out of memory");
    sluice_status st =
        workload_parse(&work, config->model, config->batch, config->seed, why);
    if (!st) {
        struct race race = {
            .config = config,
            .work = &work,
            .plain_ns = times,
            .ns = times + n,
            .ratios = times + 2 * n,
        };
        st = measure_all(&race, on_row, context, why);
        workload_fini(&work);
    }
    free(times);
    return st;
}

/* How long each layer takes.  The main thread. */
#include "bench/measure/layers/layer_costs.h"

#include <stdlib.h>

#include <sluice/pipeline.h>

#include "bench/measure/layers/layer_times.h"
#include "bench/measure/measure_config.h"
#include "bench/measure/layers/timed_step.h"
#include "bench/measure/workload.h"

enum {
    KINDS = SLUICE_N_ACTION_KINDS,
    MOST_USES = 6,  /* micro-batches of a step that is timed, */
    LEAST_USES = 3, /* of which the first ones do not count */
    WARM_UP = 3,    /* steps */
};

/* What is measured. */
struct measuring {
    const sluice_model *model;
    const struct layer_costs_config *config;
    const struct workload *work;
};

static sluice_status run_steps(sluice_pipeline *pipe,
                               const struct workload *work, int64_t rows,
                               struct layer_times *times, sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    for (int i = -WARM_UP; i < LAYER_TIMES_STEPS && !st; i++) {
        st =
            sluice_pipeline_step(pipe, work->x, work->targets, rows, NULL, why);
        if (!st && i >= 0)
            st = layer_times_read(times, pipe, why);
    }
    return st;
}

/* Where one device has all layers, each of several is a replica of its own. */
static sluice_status train(const struct measuring *m,
                           const struct timed_step *step,
                           const sluice_schedule *schedule,
                           struct layer_times *times, sluice_diag *why)
{
    int replicas = step->devices > 1 ? 1 : m->config->devices;
    int64_t rows = m->config->rows * step->n_microbatches * replicas;
    sluice_pipeline_config config = plain_pipeline_config(0, 0, rows);
    config.custom = schedule;
    config.replicas = replicas;
    config.team = m->config->team;
    config.gemm = m->config->gemm;
    config.precision = m->config->precision;
    config.trace = true;
    sluice_pipeline *pipe;
    sluice_status st = sluice_pipeline_create(&config, m->model, &pipe, why);
    if (st)
        return st;
    st = run_steps(pipe, m->work, rows, times, why);
    sluice_pipeline_destroy(pipe);
    return st;
}

static sluice_status time_step(const struct measuring *m,
                               const struct timed_step *step, int64_t *costs_ns,
                               int64_t *first_ns, sluice_diag *why)
{
    struct layer_times times;
    sluice_schedule *schedule;
    sluice_status st = timed_step_schedule(step, &schedule, why);
    if (st)
        return st;
    st = layer_times_init(&times, step->n_layers, why);
    if (!st)
        st = train(m, step, schedule, &times, why);
    if (!st)
        layer_times_medians(&times, costs_ns, first_ns);
    layer_times_fini(&times);
    sluice_schedule_destroy(schedule);
    return st;
}

/* What F, B, I and W take in another step, those that it has. */
static sluice_status replace(const struct measuring *m, struct timed_step step,
                             enum timed_backwards backwards, int64_t *costs_ns,
                             sluice_diag *why)
{
    size_t n = (size_t)step.n_layers * KINDS;
    int64_t *other_ns = calloc(2 * n, sizeof *other_ns);
    if (!other_ns)
        return sluice_diag_set(why, SLUICE_NO_MEMORY,
                               "out of memory for the costs of layers");
    step.backwards = backwards;
    sluice_status st = time_step(m, &step, other_ns, other_ns + n, why);
    for (size_t i = 0; i < n && !st; i++)
        if (i % KINDS <= SLUICE_W && other_ns[i] >= 0)
            costs_ns[i] = other_ns[i];
    free(other_ns);
    return st;
}

/*
 * Where one device has all layers, it never waits, and the first F and backward
 * show what packing takes.  What others take is measured where each device has
 * a part of the layers, as in a pipeline: less goes through its caches.  With
 * few micro-batches there are not enough for both kinds of backwards.
 */
static sluice_status measure(const struct measuring *m, int n_microbatches,
                             int64_t *costs_ns, int64_t *first_ns,
                             sluice_diag *why)
{
    bool few = n_microbatches < MOST_USES;
    struct timed_step step = {
        .backwards = few ? TIMED_SPLIT : TIMED_MIXED,
        .n_layers = sluice_model_n_layers(m->model),
        .n_microbatches = n_microbatches,
        .devices = 1,
        .recomputes = true,
    };
    sluice_status st = time_step(m, &step, costs_ns, first_ns, why);
    step.recomputes = false;
    if (m->config->devices < step.n_layers)
        step.devices = m->config->devices;
    if (!st && step.devices > 1)
        st = replace(m, step, step.backwards, costs_ns, why);
    if (!st && few)
        st = replace(m, step, TIMED_WHOLE, costs_ns, why);
    for (int i = 0; i < step.n_layers && !st && n_microbatches == 1; i++)
        costs_ns[i * KINDS + SLUICE_R] = costs_ns[i * KINDS + SLUICE_F];
    return st;
}

/* How many times weights are used in a step decides whether they are packed,
 * and which product is made: src/tensor/gemm/gemm_rule.h. */
static int uses_of(int microbatches)
{
    if (microbatches <= 1)
        return 1;
    if (microbatches >= MOST_USES)
        return MOST_USES;
    return microbatches > LEAST_USES ? microbatches : LEAST_USES;
}

sluice_status layer_costs_measure(const sluice_model *model,
                                  const struct layer_costs_config *config,
                                  int64_t *costs_ns, int64_t *first_ns,
                                  sluice_diag *why)
{
    int n = uses_of(config->microbatches);
    struct workload work;
    const struct measuring m = {model, config, &work};
    sluice_status st =
        workload_fill(&work, model, false, config->rows * n * config->devices,
                      config->seed, why);
    if (st)
        return st;
    st = measure(&m, n, costs_ns, first_ns, why);
    workload_fini(&work);
    return st;
}

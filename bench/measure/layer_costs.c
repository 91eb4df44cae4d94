/* How long each layer takes.  The main thread. */
#include "bench/measure/layer_costs.h"

#include <sluice/pipeline.h>

#include "bench/measure/layer_times.h"
#include "bench/measure/measure_config.h"
#include "bench/measure/workload.h"

enum {
    MICROBATCHES = 6,
    WARM_UP = 3, /* steps */
};

static sluice_status append(sluice_schedule *schedule, sluice_action_kind kind,
                            int stage, int microbatch, sluice_diag *why)
{
    return sluice_schedule_append(
        schedule, 0, (sluice_action){kind, stage, microbatch}, why);
}

/* Half of the micro-batches have whole backwards, half have split ones. */
static sluice_status append_backward(sluice_schedule *schedule, int stage,
                                     int microbatch, sluice_diag *why)
{
    bool whole = microbatch < MICROBATCHES / 2;
    sluice_status st = append(schedule, SLUICE_R, stage, microbatch, why);
    if (!st)
        st = append(schedule, whole ? SLUICE_B : SLUICE_I, stage, microbatch,
                    why);
    if (!st && !whole)
        st = append(schedule, SLUICE_W, stage, microbatch, why);
    return st;
}

/* All forwards through all layers, all backwards with recomputing, updates. */
static sluice_status fill(sluice_schedule *schedule, int n_layers,
                          sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    for (int m = 0; m < MICROBATCHES; m++)
        for (int s = 0; s < n_layers && !st; s++)
            st = append(schedule, SLUICE_F, s, m, why);
    for (int m = MICROBATCHES - 1; m >= 0; m--)
        for (int s = n_layers - 1; s >= 0 && !st; s--)
            st = append_backward(schedule, s, m, why);
    for (int s = 0; s < n_layers && !st; s++)
        st = append(schedule, SLUICE_UPDATE, s, -1, why);
    return st;
}

static sluice_status make_schedule(int n_layers, sluice_schedule **out,
                                   sluice_diag *why)
{
    static const int on_device_0[SLUICE_MAX_STAGES];
    sluice_schedule *schedule;
    sluice_status st = sluice_schedule_create(
        1, n_layers, MICROBATCHES, on_device_0, NULL, &schedule, why);
    if (st)
        return st;
    st = fill(schedule, n_layers, why);
    if (st)
        sluice_schedule_destroy(schedule);
    else
        *out = schedule;
    return st;
}

static sluice_status run_steps(sluice_pipeline *pipe,
                               const struct workload *work,
                               struct layer_times *times, sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    for (int i = -WARM_UP; i < LAYER_TIMES_STEPS && !st; i++) {
        st = sluice_pipeline_step(pipe, work->x, work->targets, work->rows,
                                  NULL, why);
        if (!st && i >= 0)
            st = layer_times_read(times, pipe, why);
    }
    return st;
}

/* Each replica is a device of its own. */
static sluice_status train(const sluice_model *model,
                           const sluice_schedule *schedule,
                           const struct workload *work,
                           const struct layer_costs_config *what,
                           struct layer_times *times, sluice_diag *why)
{
    sluice_pipeline_config config = plain_pipeline_config(0, 0, work->rows);
    config.custom = schedule;
    config.replicas = what->devices;
    config.team = what->team;
    config.gemm = what->gemm;
    config.precision = what->precision;
    config.trace = true;
    sluice_pipeline *pipe;
    sluice_status st = sluice_pipeline_create(&config, model, &pipe, why);
    if (st)
        return st;
    st = run_steps(pipe, work, times, why);
    sluice_pipeline_destroy(pipe);
    return st;
}

static sluice_status measure(const sluice_model *model,
                             const struct workload *work,
                             const struct layer_costs_config *config,
                             int64_t *costs_ns, int64_t *first_ns,
                             sluice_diag *why)
{
    int n_layers = sluice_model_n_layers(model);
    struct layer_times times;
    sluice_schedule *schedule;
    sluice_status st = make_schedule(n_layers, &schedule, why);
    if (st)
        return st;
    st = layer_times_init(&times, n_layers, why);
    if (!st)
        st = train(model, schedule, work, config, &times, why);
    if (!st)
        layer_times_medians(&times, costs_ns, first_ns);
    layer_times_fini(&times);
    sluice_schedule_destroy(schedule);
    return st;
}

sluice_status layer_costs_measure(const sluice_model *model,
                                  const struct layer_costs_config *config,
                                  int64_t *costs_ns, int64_t *first_ns,
                                  sluice_diag *why)
{
    int64_t rows = config->rows * MICROBATCHES * config->devices;
    struct workload work;
    sluice_status st = workload_fill(&work, model, rows, config->seed, why);
    if (st)
        return st;
    st = measure(model, &work, config, costs_ns, first_ns, why);
    workload_fini(&work);
    return st;
}

/* How long each layer takes.  The main thread. */
#include "bench/measure/layer_costs.h"

#include <sluice/pipeline.h>
#include <sluice/simulate.h>

#include "bench/measure/step_parts.h"
#include "bench/measure/workload.h"
#include "bench/measure/measure_config.h"

enum {
    MICROBATCHES = 6,
    STEPS = 4, /* the first ones warm up */
    KINDS = SLUICE_N_ACTION_KINDS,
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

/* By how much the first F of each layer, and its first backward, an I, took
 * longer than others, the least of all devices. */
static void read_first(const sluice_trace *trace, int n_layers,
                       const int64_t *costs_ns, int64_t *first_ns)
{
    for (int i = 0; i < n_layers * KINDS; i++)
        first_ns[i] = INT64_MAX;
    for (int d = 0; d < trace->n_devices; d++) {
        bool seen[SLUICE_MAX_STAGES][2] = {{false}};
        for (int i = 0; i < trace->n_events[d]; i++) {
            const sluice_trace_event *event = &trace->events[d][i];
            int kind = event->action.kind, layer = event->action.stage;
            if (kind != SLUICE_F && kind != SLUICE_I)
                continue;
            int64_t *first = &first_ns[layer * KINDS + kind];
            int64_t more = event->end_ns - event->start_ns -
                           costs_ns[layer * KINDS + kind];
            if (!seen[layer][kind == SLUICE_I] && more < *first)
                *first = more > 0 ? more : 0;
            seen[layer][kind == SLUICE_I] = true;
        }
    }
    for (int i = 0; i < n_layers; i++) {
        int64_t *of = &first_ns[i * KINDS];
        of[SLUICE_B] = of[SLUICE_I];
        for (int kind = 0; kind < KINDS; kind++)
            if (of[kind] == INT64_MAX)
                of[kind] = 0;
    }
}

/* CPU times: what other programs do meanwhile does not count. */
static sluice_status read_costs(const sluice_pipeline *pipe, int n_layers,
                                int64_t *costs_ns, int64_t *first_ns,
                                sluice_diag *why)
{
    struct virtual_clock clock = {0};
    sluice_trace trace;
    sluice_trace virtual;
    sluice_status st = sluice_pipeline_trace(pipe, &trace, why);
    if (!st)
        st = virtual_clock_read(&clock, &trace, &virtual, why);
    if (!st)
        st = sluice_costs_measure(&virtual, n_layers, SLUICE_MEDIAN, NULL,
                                  costs_ns, why);
    if (!st)
        read_first(&virtual, n_layers, costs_ns, first_ns);
    virtual_clock_fini(&clock);
    return st;
}

/* Each replica is a device of its own. */
static sluice_status
train(const sluice_model *model, const sluice_schedule *schedule,
      const struct workload *work, const struct layer_costs_config *what,
      int64_t *costs_ns, int64_t *first_ns, sluice_diag *why)
{
    sluice_pipeline_config config = plain_pipeline_config(0, 0, work->rows);
    config.custom = schedule;
    config.replicas = what->devices;
    config.gemm = what->gemm;
    config.trace = true;
    sluice_pipeline *pipe;
    sluice_status st = sluice_pipeline_create(&config, model, &pipe, why);
    if (st)
        return st;
    for (int i = 0; i < STEPS && !st; i++)
        st = sluice_pipeline_step(pipe, work->x, work->targets, work->rows,
                                  NULL, why);
    if (!st)
        st = read_costs(pipe, sluice_model_n_layers(model), costs_ns, first_ns,
                        why);
    sluice_pipeline_destroy(pipe);
    return st;
}

sluice_status layer_costs_measure(const sluice_model *model,
                                  const struct layer_costs_config *config,
                                  int64_t *costs_ns, int64_t *first_ns,
                                  sluice_diag *why)
{
    int64_t rows = config->rows * MICROBATCHES * config->devices;
    sluice_schedule *schedule;
    struct workload work;
    sluice_status st =
        make_schedule(sluice_model_n_layers(model), &schedule, why);
    if (st)
        return st;
    st = workload_fill(&work, model, rows, config->seed, why);
    if (!st) {
        st = train(model, schedule, &work, config, costs_ns, first_ns, why);
        workload_fini(&work);
    }
    sluice_schedule_destroy(schedule);
    return st;
}

/* Costs of a cut head.  The main thread. */
#include "bench/plan/head_costs.h"

#include <stdlib.h>

#include <sluice/pipeline.h>

#include "bench/measure/measure_config.h"
#include "bench/measure/step_parts.h"
#include "bench/measure/workload.h"
#include "bench/plan/in_place.h"

enum {
    KINDS = SLUICE_N_ACTION_KINDS,
    WARM_UP = 2, /* steps, */
    TIMED = 5,   /* and those that are read */
    MOST = 6,    /* micro-batches of a step */
};

/* Steps of a pipeline, whose actions are read. */
static sluice_status run_steps(sluice_pipeline *pipe,
                               const struct workload *work,
                               struct in_place *times, sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    for (int i = -WARM_UP; i < TIMED && !st; i++) {
        struct virtual_clock clock = {0};
        sluice_trace trace, virtual;
        st = sluice_pipeline_step(pipe, work->x, work->targets, work->rows,
                                  NULL, why);
        if (!st && i >= 0)
            st = sluice_pipeline_trace(pipe, &trace, why);
        if (!st && i >= 0)
            st = virtual_clock_read(&clock, &trace, &virtual, why);
        if (!st && i >= 0)
            in_place_read(times, &virtual);
        virtual_clock_fini(&clock);
    }
    return st;
}

/* What all stages take of a kind; 0: there was none. */
static int64_t sum_of(const int64_t *stage_ns, int n_stages, int kind)
{
    int64_t ns = 0;
    for (int s = 0; s < n_stages; s++)
        ns += stage_ns[s * KINDS + kind] > 0 ? stage_ns[s * KINDS + kind] : 0;
    return ns;
}

static sluice_status time_parts(sluice_pipeline *pipe,
                                const struct workload *work, int n_stages,
                                int64_t *s_ns, int64_t *t_ns, sluice_diag *why)
{
    int64_t stage_ns[SLUICE_MAX_DEVICES * KINDS];
    struct in_place times;
    sluice_status st = in_place_init(&times, n_stages, why);
    if (!st)
        st = run_steps(pipe, work, &times, why);
    if (!st) {
        in_place_medians(&times, stage_ns);
        *s_ns = sum_of(stage_ns, n_stages, SLUICE_S);
        *t_ns = sum_of(stage_ns, n_stages, SLUICE_T);
    }
    in_place_fini(&times);
    return st;
}

sluice_status head_costs_measure(const sluice_model *model,
                                 const struct layer_costs_config *config,
                                 int64_t *s_ns, int64_t *t_ns, sluice_diag *why)
{
    int n = config->microbatches < MOST ? config->microbatches : MOST;
    struct workload work;
    sluice_pipeline_config wanted =
        plain_pipeline_config(config->devices, n, config->rows * n);
    sluice_pipeline *pipe;
    if (config->devices < 2)
        return SLUICE_OK;
    wanted.loss = sluice_cross_entropy();
    wanted.schedule.name = "1f1b";
    wanted.vocabulary_parallel = true;
    wanted.team = config->team;
    wanted.gemm = config->gemm;
    wanted.precision = config->precision;
    wanted.trace = true;
    sluice_status st = sluice_pipeline_create(&wanted, model, &pipe, why);
    if (st)
        return st == SLUICE_INVALID ? SLUICE_OK : st;
    st = workload_fill(&work, model, true, config->rows * n, config->seed, why);
    if (!st) {
        st = time_parts(pipe, &work, config->devices, s_ns, t_ns, why);
        workload_fini(&work);
    }
    sluice_pipeline_destroy(pipe);
    return st;
}

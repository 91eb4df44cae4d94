/* A step that a report shows.  The main thread. */
#include "bench/headline/report_step.h"

#include <stdlib.h>

#include <sluice/simulate.h>

#include "bench/measure/measure_config.h"

/* The same schedule, each action at the cost that it had. */
static sluice_status simulate(const struct shown_step *step,
                              sluice_simulation **out, sluice_diag *why)
{
    const sluice_schedule *schedule = sluice_pipeline_schedule(step->pipe);
    int n_stages = sluice_schedule_n_stages(schedule);
    int64_t *costs =
        calloc((size_t)n_stages * SLUICE_N_ACTION_KINDS, sizeof *costs);
    if (!costs)
        return sluice_diag_set(why, SLUICE_NO_MEMORY,
                               "out of memory for the costs of %d stages",
                               n_stages);
    sluice_status st = sluice_costs_measure(&step->trace, n_stages, SLUICE_MEAN,
                                            NULL, costs, why);
    const sluice_simulate_config config = {.stage_costs_ns = costs};
    if (!st)
        st = sluice_simulate(schedule, &config, out, why);
    free(costs);
    return st;
}

static sluice_status attribute(struct shown_step *step, sluice_diag *why)
{
    sluice_simulation *simulation = NULL;
    sluice_status st = simulate(step, &simulation, why);
    if (st)
        return st;
    const sluice_attribution_config config = {
        .predicted = sluice_simulation_trace(simulation)};
    st = sluice_trace_attribute(&step->trace, &config, step->idle,
                                &step->attribution, why);
    sluice_simulation_destroy(simulation);
    return st;
}

static sluice_status run(struct shown_step *step,
                         const struct shown_step_config *config,
                         sluice_diag *why)
{
    sluice_pipeline_config how = plain_pipeline_config(
        config->devices, config->microbatches, config->batch);
    how.seed = config->seed;
    how.trace = true;
    const struct workload *work = &step->work;
    sluice_status st =
        sluice_pipeline_create(&how, work->model, &step->pipe, why);
    for (int i = 0; i < config->n_steps && !st; i++)
        st = sluice_pipeline_step(step->pipe, work->x, work->targets,
                                  work->rows, NULL, why);
    if (!st)
        st = sluice_pipeline_trace(step->pipe, &step->trace, why);
    return st;
}

sluice_status shown_step_init(struct shown_step *step,
                              const struct shown_step_config *config,
                              sluice_diag *why)
{
    *step = (struct shown_step){0};
    sluice_status st = workload_parse(&step->work, config->model, config->batch,
                                      config->seed, why);
    if (st)
        return st;
    st = run(step, config, why);
    if (!st)
        st = attribute(step, why);
    if (st)
        shown_step_fini(step);
    return st;
}

void shown_step_fini(struct shown_step *step)
{
    sluice_pipeline_destroy(step->pipe);
    workload_fini(&step->work);
    *step = (struct shown_step){0};
}

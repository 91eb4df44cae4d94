/* Trying a plan.  The main thread. */
#include "bench/plan/plan_trial.h"

#include <stdlib.h>

#include "bench/measure/samples.h"
#include "bench/measure/workload.h"

enum {
    WARM_UP = 2, /* steps of each pipeline */
    TURN = 5,    /* and then so many, before the other cut has its turn */
    TIMED = 7,   /* of which actions are read alone */
};

/* What the steps of one cut took. */
struct runner {
    double *wall_ns;                /* [steps] */
    double *virtual_ns;             /* [steps] */
    int n;                          /* so far */
    struct in_place *times;         /* of its actions; NULL: not asked for */
    const struct step_price *price; /* NULL: not asked for */
    struct priced_step *priced;     /* [steps] */
};

/* What a step takes, and would take by the planner's rules. */
static sluice_status price_step(const struct step_price *price,
                                const sluice_trace *trace,
                                const sluice_trace *virtual,
                                struct priced_step *step, sluice_diag *why)
{
    struct step_price awake = *price;
    awake.machine.wake_ns = 0;
    sluice_status st =
        step_price_of(&awake, virtual, false, &step->by_virtual_ns, why);
    if (!st)
        st = step_price_of(price, virtual, false, &step->by_cpu_ns, why);
    if (!st)
        st = step_price_of(price, trace, false, &step->by_wall_ns, why);
    if (!st)
        st = step_price_of(price, trace, true, &step->by_each_ns, why);
    step->wall_ns = (double)(trace->end_ns - trace->start_ns);
    step->virtual_ns = (double)(virtual->end_ns - virtual->start_ns);
    return st;
}

static sluice_status create(const sluice_plan *plan, bool even, bool slowed,
                            const sluice_model *model,
                            const sluice_pipeline_config *pipeline,
                            sluice_pipeline **out, sluice_diag *why)
{
    double speeds[SLUICE_MAX_DEVICES], most = 0;
    int n;
    const double *of = sluice_plan_speeds(plan, &n);
    sluice_pipeline_config config = *pipeline;
    sluice_status st = sluice_plan_apply(plan, model, &config, why);
    if (st)
        return st;
    if (even)
        config.cut = SLUICE_CUT_UNIFORM;
    for (int p = 0; p < n; p++)
        most = of[p] > most ? of[p] : most;
    for (int p = 0; p < n; p++)
        speeds[p] = of[p] / most;
    config.device_speeds = slowed ? speeds : NULL;
    config.trace = true;
    return sluice_pipeline_create(&config, model, out, why);
}

/* Step number `i`; the first ones, below 0, are not kept. */
static sluice_status run_step(struct runner *runner, sluice_pipeline *pipe,
                              const struct workload *work, int i,
                              sluice_diag *why)
{
    struct virtual_clock clock = {0};
    sluice_trace trace, virtual;
    sluice_status st = sluice_pipeline_step(pipe, work->x, work->targets,
                                            work->rows, NULL, why);
    if (!st)
        st = sluice_pipeline_trace(pipe, &trace, why);
    if (!st)
        st = virtual_clock_read(&clock, &trace, &virtual, why);
    if (!st && i >= 0 && runner->price)
        st = price_step(runner->price, &trace, &virtual,
                        &runner->priced[runner->n], why);
    if (!st && i >= 0) {
        runner->wall_ns[runner->n] = (double)(trace.end_ns - trace.start_ns);
        runner->virtual_ns[runner->n++] =
            (double)(virtual.end_ns - virtual.start_ns);
        if (runner->times)
            in_place_read(runner->times, &virtual);
    }
    virtual_clock_fini(&clock);
    return st;
}

/* A pipeline of its own, so that both cuts get the same cores. */
static sluice_status run_some(struct runner *runner, sluice_pipeline *pipe,
                              const struct workload *work, int steps,
                              sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    for (int i = -WARM_UP; i < steps && !st; i++)
        st = run_step(runner, pipe, work, i, why);
    sluice_pipeline_destroy(pipe);
    return st;
}

static sluice_status run_all(struct runner runners[2], const sluice_plan *plan,
                             const sluice_model *model,
                             const sluice_pipeline_config *pipeline,
                             const struct workload *work, int steps,
                             sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    while (runners[1].n < steps && !st)
        for (int r = 0; r < 2 && !st; r++) {
            int left = steps - runners[r].n;
            sluice_pipeline *pipe;
            st = create(plan, r == 1, true, model, pipeline, &pipe, why);
            if (!st)
                st = run_some(&runners[r], pipe, work,
                              left < TURN ? left : TURN, why);
        }
    return st;
}

static sluice_status measure(struct runner runners[2], const sluice_plan *plan,
                             const sluice_model *model,
                             const sluice_pipeline_config *pipeline, int steps,
                             sluice_diag *why)
{
    struct workload work;
    sluice_status st =
        workload_fill(&work, model, pipeline->loss == sluice_cross_entropy(),
                      sluice_plan_batch(plan), 1, why);
    if (st)
        return st;
    st = run_all(runners, plan, model, pipeline, &work, steps, why);
    workload_fini(&work);
    return st;
}

sluice_status trial_run(const sluice_plan *plan, const sluice_model *model,
                        const sluice_pipeline_config *pipeline, int steps,
                        struct in_place *times, const struct step_price *price,
                        struct trial *trial, sluice_diag *why)
{
    size_t n = (size_t)steps;
    double *ns = calloc(4 * n, sizeof *ns);
    struct priced_step *priced = calloc(n, sizeof *priced);
    if (!ns || !priced) {
        free(ns);
        free(priced);
        return sluice_diag_set(why, SLUICE_NO_MEMORY,
                               "out of memory for the times of %d steps",
                               steps);
    }
    struct runner runners[2] = {
        {ns, ns + n, 0, times, price, priced},
        {ns + 2 * n, ns + 3 * n, 0, NULL, NULL, NULL},
    };
    sluice_status st = measure(runners, plan, model, pipeline, steps, why);
    if (!st)
        *trial = (struct trial){
            .step_ns = median_of(runners[0].wall_ns, steps),
            .virtual_ns = median_of(runners[0].virtual_ns, steps),
            .even_ns = median_of(runners[1].wall_ns, steps),
            .even_virtual_ns = median_of(runners[1].virtual_ns, steps),
        };
    if (!st && price)
        st = step_price_compare(priced, steps, TURN, &trial->beside, why);
    free(ns);
    free(priced);
    return st;
}

sluice_status trial_time(const sluice_plan *plan, const sluice_model *model,
                         const sluice_pipeline_config *pipeline,
                         struct in_place *times, sluice_diag *why)
{
    double ns[2 * TIMED];
    struct runner runner = {ns, ns + TIMED, 0, times, NULL, NULL};
    struct workload work;
    sluice_pipeline *pipe;
    sluice_status st =
        workload_fill(&work, model, pipeline->loss == sluice_cross_entropy(),
                      sluice_plan_batch(plan), 1, why);
    if (st)
        return st;
    st = create(plan, false, false, model, pipeline, &pipe, why);
    if (!st)
        st = run_some(&runner, pipe, &work, TIMED, why);
    workload_fini(&work);
    return st;
}

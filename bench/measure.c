/* Measure a pipeline's step.  The main thread. */
#include "bench/measure.h"

#include <stdlib.h>
#include <time.h>

#include <sluice/pipeline.h>
#include <sluice/trace.h>

#include "bench/yardstick.h"

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* What the timed steps showed. */
struct samples {
    int n;
    double *step_ns;
    double *bubble;
};

static void samples_fini(struct samples *samples)
{
    free(samples->bubble);
    free(samples->step_ns);
}

static sluice_status samples_init(struct samples *samples, int n,
                                  sluice_diag *why)
{
    *samples = (struct samples){
        .n = n,
        .step_ns = calloc((size_t)n, sizeof(double)),
        .bubble = calloc((size_t)n, sizeof(double)),
    };
    if (samples->step_ns && samples->bubble)
        return SLUICE_OK;
    samples_fini(samples);
    return sluice_diag_set(why, SLUICE_NO_MEMORY,
                           "out of memory for %d repetitions", n);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The median of values[n], which get sorted. */
static double median(double *values, int n)
{
    qsort(values, (size_t)n, sizeof *values, ascending);
    return (values[(n - 1) / 2] + values[n / 2]) / 2;
}

static sluice_status timed_step(sluice_pipeline *pipe,
                                const struct workload *work, double *step_ns,
                                double *bubble, sluice_diag *why)
{
    int64_t start = now_ns();
    sluice_result result;
    sluice_status st = sluice_pipeline_step(pipe, work->x, work->targets,
                                            work->rows, &result, why);
    *step_ns = (double)(now_ns() - start);
    sluice_trace trace;
    if (!st)
        st = sluice_pipeline_trace(pipe, &trace, why);
    if (st)
        return st;
    sluice_time_share all;
    sluice_trace_account(&trace, NULL, &all);
    *bubble = all.bubble;
    return SLUICE_OK;
}

static sluice_status run_steps(const struct measure_config *config,
                               sluice_pipeline *pipe, struct samples *samples,
                               sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    for (int i = -config->warmup; i < config->repetitions && !st; i++) {
        int at = i < 0 ? 0 : i; /* the warm-up's figures are overwritten */
        st = timed_step(pipe, config->work, &samples->step_ns[at],
                        &samples->bubble[at], why);
    }
    return st;
}

static void summarize(struct samples *samples, struct measurement *out)
{
    out->step_ns = (int64_t)median(samples->step_ns, samples->n);
    out->step_min_ns = (int64_t)samples->step_ns[0];
    out->step_max_ns = (int64_t)samples->step_ns[samples->n - 1];
    out->bubble = median(samples->bubble, samples->n);
}

sluice_status measure(const struct measure_config *config,
                      const struct yardstick *yardstick,
                      struct measurement *out, sluice_diag *why)
{
    struct samples samples;
    sluice_status st = samples_init(&samples, config->repetitions, why);
    if (st)
        return st;
    sluice_pipeline_config how = measure_pipeline_config(config);
    sluice_pipeline *pipe = NULL;
    st = sluice_pipeline_create(&how, config->work->model, &pipe, why);
    if (!st)
        st = run_steps(config, pipe, &samples, why);
    if (!st)
        st = yardstick_compare(yardstick, pipe, &out->wrong, why);
    if (!st)
        summarize(&samples, out);
    sluice_pipeline_destroy(pipe);
    samples_fini(&samples);
    return st;
}

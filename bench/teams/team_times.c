/* A team beside one device, a device on each core, and BLAS.  The main
 * thread. */
#include "bench/teams/team_times.h"

#include <stdlib.h>

#include <sluice/pipeline.h>
#include <sluice/trace.h>

#include "bench/measure/measure_config.h"
#include "bench/measure/workload.h"
#include "bench/roofline/crew.h"
#include "bench/teams/whole_batch.h"

enum { N_RATIOS = 5 }; /* of a turn, in a row */

/* A pipeline of one place. */
struct stepper {
    const struct workload *work;
    sluice_pipeline *pipe;
    sluice_status status; /* of its last step */
    sluice_diag why;
    sluice_trace trace; /* of that */
};

struct bench {
    const struct team_config *config;
    struct workload work;
    struct whole_batch *blas;
    struct stepper team;
    struct stepper *each; /* [config->team] */
    double *samples;      /* of a row */
    struct team_row row;
};

/* Devices of a pipeline on the cores from `first` on, if there are enough. */
static sluice_status stepper_init(struct stepper *stepper,
                                  const struct bench *bench, int first,
                                  int devices, sluice_diag *why)
{
    int cpus[SLUICE_MAX_DEVICES];
    for (int i = 0; i < devices; i++)
        cpus[i] = crew_cpu(first + i);
    sluice_pipeline_config config =
        plain_pipeline_config(1, bench->row.microbatches, bench->config->batch);
    config.team = devices;
    config.gemm = bench->config->gemm;
    config.finite = SLUICE_FINITE_OFF;
    config.trace = true;
    config.pinning = SLUICE_PIN_OFF;
    if (crew_cores() >= bench->config->team && cpus[0] >= 0)
        config.pinning = SLUICE_PIN_LIST;
    config.pin_cpus = cpus;
    config.n_pin_cpus = devices;
    *stepper = (struct stepper){.work = &bench->work};
    sluice_status st =
        sluice_pipeline_create(&config, bench->work.model, &stepper->pipe, why);
    return st ? st : sluice_pipeline_set_learning_rate(stepper->pipe, 0);
}

/* Returns the time from the first F to the last B of all devices. */
static double step(struct stepper *stepper)
{
    const struct workload *work = stepper->work;
    sluice_time_share all = {0};
    stepper->status = sluice_pipeline_step(
        stepper->pipe, work->x, work->targets, work->rows, NULL, &stepper->why);
    if (!stepper->status)
        stepper->status = sluice_pipeline_trace(stepper->pipe, &stepper->trace,
                                                &stepper->why);
    if (!stepper->status)
        sluice_trace_account(&stepper->trace, NULL, &all);
    return (double)all.makespan_ns;
}

/* A crew_work. */
static double step_each(void *each, int i)
{
    return step((struct stepper *)each + i);
}

/* The time that a device waited for its team, of that of all devices. */
static double waited(const struct stepper *team, double ns)
{
    const sluice_trace *trace = &team->trace;
    double waits = 0;
    for (int d = 0; d < trace->n_devices; d++)
        for (int i = 0; i < trace->n_events[d]; i++)
            if (trace->events[d][i].action.kind != SLUICE_UPDATE)
                waits += (double)trace->events[d][i].team_wait_ns;
    return waits / (ns * trace->n_devices);
}

static sluice_status failed(const struct stepper *stepper, sluice_diag *why)
{
    if (stepper->status && why)
        *why = stepper->why;
    return stepper->status;
}

/* All at once: the time in which one is done, at the rate of all together. */
static sluice_status step_all(struct bench *bench, double *ns, sluice_diag *why)
{
    double times[SLUICE_MAX_DEVICES], rate = 0;
    int n = bench->config->team;
    sluice_status st = crew_run(0, n, step_each, bench->each, times, why);
    for (int i = 0; i < n && !st; i++) {
        st = failed(&bench->each[i], why);
        rate += 1 / times[i];
    }
    *ns = n / rate;
    return st;
}

/* One turn; before the first, i is negative. */
static sluice_status take_turn(struct bench *bench, int i, sluice_diag *why)
{
    const struct team_config *config = bench->config;
    struct team_row *row = &bench->row;
    struct stepper *alone = &bench->each[(i + config->warmup) % config->team];
    double ns[N_TEAM_TIMES];
    ns[TEAM_ALONE] = step(alone);
    sluice_status st = failed(alone, why);
    if (st)
        return st;
    ns[TEAM_TEAM] = step(&bench->team);
    st = failed(&bench->team, why);
    if (!st)
        st = step_all(bench, &ns[TEAM_EACH], why);
    ns[TEAM_BLAS] = whole_batch_run(bench->blas, config->team);
    if (st || i < 0)
        return st;
    for (int t = 0; t < N_TEAM_TIMES; t++)
        row->ns[t][i] = ns[t];
    row->gain[i] = ns[TEAM_ALONE] / ns[TEAM_TEAM];
    row->bound[i] = config->team * ns[TEAM_ALONE] / ns[TEAM_EACH];
    row->share[i] = row->gain[i] / row->bound[i];
    row->blas[i] = ns[TEAM_TEAM] / ns[TEAM_BLAS];
    row->wait[i] = waited(&bench->team, ns[TEAM_TEAM]);
    return SLUICE_OK;
}

static sluice_status create(struct bench *bench, sluice_diag *why)
{
    int n = bench->config->team;
    sluice_status st = stepper_init(&bench->team, bench, 0, n, why);
    for (int i = 0; i < n && !st; i++)
        st = stepper_init(&bench->each[i], bench, i, 1, why);
    return st;
}

static void destroy(struct bench *bench)
{
    sluice_pipeline_destroy(bench->team.pipe);
    bench->team.pipe = NULL;
    for (int i = 0; i < bench->config->team; i++) {
        sluice_pipeline_destroy(bench->each[i].pipe);
        bench->each[i].pipe = NULL;
    }
}

static sluice_status measure_row(struct bench *bench, int microbatches,
                                 team_on_row *on_row, void *context,
                                 sluice_diag *why)
{
    const struct team_config *config = bench->config;
    bench->row.microbatches = microbatches;
    bench->row.rows = config->batch / microbatches;
    sluice_status st = create(bench, why);
    for (int i = -config->warmup; i < config->repetitions && !st; i++)
        st = take_turn(bench, i, why);
    if (!st) {
        bench->row.gemm = sluice_pipeline_gemm(bench->team.pipe);
        on_row(context, &bench->row);
    }
    destroy(bench);
    return st;
}

/* Where the figures of a row lie. */
static void place(struct bench *bench)
{
    double **const ratios[N_RATIOS] = {&bench->row.gain, &bench->row.bound,
                                       &bench->row.share, &bench->row.blas,
                                       &bench->row.wait};
    double *at = bench->samples;
    for (int t = 0; t < N_TEAM_TIMES; t++, at += bench->config->repetitions)
        bench->row.ns[t] = at;
    for (int k = 0; k < N_RATIOS; k++, at += bench->config->repetitions)
        *ratios[k] = at;
}

static sluice_status prepare(struct bench *bench, sluice_diag *why)
{
    const struct team_config *config = bench->config;
    bench->each = calloc((size_t)config->team, sizeof *bench->each);
    bench->samples = calloc((size_t)config->repetitions,
                            (N_TEAM_TIMES + N_RATIOS) * sizeof *bench->samples);
    if (!bench->each || !bench->samples)
        return sluice_diag_set(why, SLUICE_NO_MEMORY,
                               "out of memory for the samples of a team");
    place(bench);
    sluice_status st =
        workload_parse(&bench->work, config->model, config->batch, 1, why);
    return st ? st
              : whole_batch_create(bench->work.model, config->batch,
                                   &bench->blas, why);
}

sluice_status team_measure(const struct team_config *config,
                           team_on_row *on_row, void *context, sluice_diag *why)
{
    struct bench bench = {.config = config};
    sluice_status st = prepare(&bench, why);
    for (int i = 0; i < config->microbatches.n && !st; i++)
        st = measure_row(&bench, config->microbatches.values[i], on_row,
                         context, why);
    whole_batch_destroy(bench.blas);
    workload_fini(&bench.work);
    free(bench.samples);
    free(bench.each);
    return st;
}

/* Measure a pipeline's step.  The main thread. */
#include "bench/measure/measurement.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <sluice/pipeline.h>
#include <sluice/simulate.h>
#include <sluice/trace.h>
#include <sluice/world.h>

#include "bench/output/picture.h"
#include "bench/measure/traffic.h"

enum { TITLE_BYTES = 96 };

static double now_ns(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* A measurement under way. */
struct session {
    const struct measure_config *config;
    sluice_pipeline *pipe;
    struct virtual_clock clock;
    double figures[N_FIGURES]; /* of the last step */
};

static sluice_status read_trace(struct session *session, sluice_diag *why)
{
    double *figures = session->figures;
    sluice_trace trace;
    sluice_trace virtual;
    sluice_time_share all;
    sluice_status st = sluice_pipeline_trace_all(session->pipe, &trace, why);
    if (!st)
        st = virtual_clock_read(&session->clock, &trace, &virtual, why);
    if (st)
        return st;
    sluice_trace_account(&trace, NULL, &all);
    figures[FIGURE_BUBBLE] = all.bubble;
    sluice_trace_account(&virtual, NULL, &all);
    figures[FIGURE_BUBBLE_VIRTUAL] = all.bubble;
    figures[FIGURE_VIRTUAL_NS] = (double)(virtual.end_ns - virtual.start_ns);
    parts_of(&trace, figures + FIGURE_PARTS);
    parts_of(&virtual, figures + FIGURE_PARTS_VIRTUAL);
    return SLUICE_OK;
}

static sluice_status timed_step(struct session *session, sluice_diag *why)
{
    const struct workload *work = session->config->work;
    double *figures = session->figures;
    double cpu = now_ns(CLOCK_PROCESS_CPUTIME_ID);
    double start = now_ns(CLOCK_MONOTONIC);
    sluice_result result;
    sluice_status st = sluice_pipeline_step(
        session->pipe, work->x, work->targets, work->rows, &result, why);
    figures[FIGURE_STEP_NS] = now_ns(CLOCK_MONOTONIC) - start;
    figures[FIGURE_CPU_NS] = now_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    return st ? st : read_trace(session, why);
}

/* What is measured in turn with the steps, and a step that is not timed. */
static sluice_status take_turn(struct session *session, sluice_diag *why)
{
    const struct measure_turns *turns = session->config->turns;
    if (!turns)
        return SLUICE_OK;
    sluice_status st = turns->take(turns->context, why);
    return st ? st : timed_step(session, why);
}

static sluice_status run_steps(struct session *session,
                               const struct samples *samples, sluice_diag *why)
{
    const struct measure_config *config = session->config;
    for (int i = -config->warmup; i < config->repetitions; i++) {
        sluice_status st = i < 0 ? SLUICE_OK : take_turn(session, why);
        if (!st)
            st = timed_step(session, why);
        if (st)
            return st;
        for (int f = 0; f < N_FIGURES && i >= 0; f++)
            samples_of(samples, f)[i] = session->figures[f];
    }
    const struct measure_turns *turns = config->turns;
    return turns ? turns->take(turns->context, why) : SLUICE_OK;
}

/* What all processes have sent so far. */
static sluice_status count_sent(sluice_world *world, double *bytes,
                                sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    *bytes = 0;
    for (int p = 0; world && p < sluice_world_size(world) && !st; p++) {
        uint64_t sent = sluice_world_sent_bytes(world);
        st = sluice_world_share(world, p, &sent, sizeof sent, why);
        *bytes += (double)sent;
    }
    return st;
}

static sluice_status run_counted(struct session *session,
                                 struct measurement *out, sluice_diag *why)
{
    const struct measure_config *config = session->config;
    double before, after = 0;
    sluice_status st = count_sent(config->world, &before, why);
    if (!st)
        st = run_steps(session, &out->samples, why);
    if (!st)
        st = count_sent(config->world, &after, why);
    if (!st)
        out->sent_bytes = (after - before) / measure_config_steps(config);
    return st;
}

/* What the actions of the last step took. */
static sluice_status read_costs(struct session *session,
                                struct measurement *out, sluice_diag *why)
{
    const sluice_schedule *schedule = sluice_pipeline_schedule(session->pipe);
    sluice_trace trace;
    sluice_trace virtual;
    out->n_stages = sluice_schedule_n_stages(schedule);
    out->costs_ns = calloc((size_t)out->n_stages * SLUICE_N_ACTION_KINDS,
                           sizeof *out->costs_ns);
    if (!out->costs_ns)
        return sluice_diag_set(why, SLUICE_NO_MEMORY,
                               "out of memory for the costs of %d stages",
                               out->n_stages);
    sluice_status st = sluice_pipeline_trace_all(session->pipe, &trace, why);
    if (!st)
        st = virtual_clock_read(&session->clock, &trace, &virtual, why);
    if (st)
        return st;
    return sluice_costs_measure(&virtual, out->n_stages, SLUICE_MEDIAN, NULL,
                                out->costs_ns, why);
}

/* The last step, as a picture; beside it what its actions' costs predict. */
static sluice_status draw(const struct session *session,
                          const int64_t *costs_ns, sluice_diag *why)
{
    const struct measure_config *config = session->config;
    const sluice_simulate_config simulate = {
        .stage_costs_ns = costs_ns,
        .queue_capacity = config->order->capacity,
    };
    sluice_simulation *simulation;
    sluice_trace trace;
    char title[TITLE_BYTES];
    sluice_status st = sluice_pipeline_trace_all(session->pipe, &trace, why);
    if (!st)
        st = sluice_simulate(sluice_pipeline_schedule(session->pipe), &simulate,
                             &simulation, why);
    if (st)
        return st;
    snprintf(title, sizeof title, "%s, %d devices, %d micro-batches",
             config->order->schedule ? config->order->schedule : "gpipe",
             sluice_pipeline_n_devices(session->pipe), config->microbatches);
    char head[TITLE_BYTES + TITLE_BYTES];
    picture_title(&trace, config->title ? config->title : title, head,
                  sizeof head);
    const struct picture picture = {
        .title = head,
        .trace = &trace,
        /* Replicas and teams wait for each other: no schedule tells of that. */
        .predicted = config->replicas > 1 || config->team > 1
                         ? NULL
                         : sluice_simulation_trace(simulation),
    };
    if (!config->world || sluice_world_rank(config->world) == 0)
        st = picture_write(&picture, config->draw, why);
    sluice_simulation_destroy(simulation);
    return st;
}

/* The device that needs most, planned and actual. */
static void read_memory(const sluice_pipeline *pipe, struct measurement *out)
{
    for (int d = 0; d < sluice_pipeline_n_devices(pipe); d++) {
        sluice_device_info info;
        sluice_pipeline_device(pipe, d, &info);
        if (info.planned.total > out->planned_bytes)
            out->planned_bytes = info.planned.total;
        size_t state = info.planned.parameters + info.planned.gradients +
                       info.planned.optimizer;
        if (state > out->state_bytes)
            out->state_bytes = state;
        if (info.actual_bytes > out->actual_bytes)
            out->actual_bytes = info.actual_bytes;
    }
}

static sluice_status run_session(struct session *session,
                                 const struct yardstick *yardstick,
                                 struct measurement *out, sluice_diag *why)
{
    const struct measure_config *config = session->config;
    sluice_pipeline_config how = measure_pipeline_config(config);
    sluice_status st =
        sluice_pipeline_create(&how, config->work->model, &session->pipe, why);
    if (!st)
        st = run_counted(session, out, why);
    if (!st)
        st = read_costs(session, out, why);
    if (!st && config->draw)
        st = draw(session, out->costs_ns, why);
    if (!st && yardstick)
        st = yardstick_compare(yardstick, config, session->pipe, &out->wrong,
                               why);
    if (st)
        return st;
    read_memory(session->pipe, out);
    out->gemm = sluice_pipeline_gemm(session->pipe);
    out->boundary_bytes =
        traffic_boundary_bytes(session->pipe, config->work->model,
                               config->work->rows, how.team ? how.team : 1);
    out->reduce_bytes =
        traffic_reduce_bytes(session->pipe, how.replicas ? how.replicas : 1);
    if (config->world)
        out->item_bytes = traffic_item_bytes(
            session->pipe, config->work->model,
            (config->work->rows + config->microbatches - 1) /
                config->microbatches,
            how.team ? how.team : 1, sluice_world_size(config->world));
    if (config->world)
        out->sent_formula = traffic_sent_bytes(
            session->pipe, config->work->model, config->work->rows,
            how.replicas ? how.replicas : 1, how.team ? how.team : 1,
            sluice_world_size(config->world), how.zero);
    if (how.zero >= 2) /* what a device keeps of them is no measure */
        out->reduce_bytes =
            2.0 * (how.replicas - 1) * sizeof(float) *
            (double)sluice_model_n_parameters(config->work->model);
    return SLUICE_OK;
}

sluice_status measure(const struct measure_config *config,
                      const struct yardstick *yardstick,
                      struct measurement *out, sluice_diag *why)
{
    struct measurement measured = {.wrong = -1};
    struct session session = {.config = config};
    sluice_status st =
        samples_init(&measured.samples, config->repetitions, why);
    if (st)
        return st;
    st = run_session(&session, yardstick, &measured, why);
    virtual_clock_fini(&session.clock);
    sluice_pipeline_destroy(session.pipe);
    if (st)
        measurement_fini(&measured);
    else
        *out = measured;
    return st;
}

void measurement_fini(struct measurement *measurement)
{
    free(measurement->costs_ns);
    measurement->costs_ns = NULL;
    samples_fini(&measurement->samples);
}

/*
 * Adapting a pipeline.  The caller's thread, between two steps.
 *
 *   calibrate  The first window of steps gives the costs of the layers, each
 *              stage by its fastest step; the
 *              very first step of each shape is left out, because caches are
 *              cold.
 *   watch      Each step gives a speed of each device, and the medians of the
 *              last window count.
 *   judge      When one of them has changed by half the margin, or a core is
 *              lost or back, sl_decide() looks for a plan; not again before
 *              half a window has passed.
 *   reshape    The plan's devices keep their cores.  A new window begins.
 *   conclude   If a step takes longer there than before, the pipeline gets its
 *              former shape back, except if that needs a lost core.
 */
#include <sluice/adapt.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <sluice/reshape.h>

#include "base/memory.h"
#include "pipeline/pipeline.h"
#include "pipeline/uneven/uneven.h"
#include "train/adapt/adapt_check.h"
#include "train/adapt/cpus.h"
#include "train/adapt/decision.h"
#include "train/adapt/held.h"
#include "train/adapt/tidings.h"
#include "train/adapt/step_window.h"

enum {
    KINDS = SLUICE_N_ACTION_KINDS,
    MOST_FAILED = 8, /* reshapes in a row that let one wait longer */
};

static const double standard_margin = 0.1;

struct sluice_adapter {
    const sluice_allocator *allocator;
    sluice_pipeline_config config; /* as created; its cut is not read */
    sluice_plan_config problem;
    sluice_plan_layer *layers; /* [n_layers] */
    int64_t *shares;           /* [n_layers][KINDS] */
    int64_t *costs_ns;         /* [n_layers][KINDS], once calibrated */
    struct sl_cells *cells;    /* seen so far; NULL: calibrated */
    int microbatches;
    double margin;

    sluice_plan_device devices[SLUICE_MAX_DEVICES]; /* the machine's: caps */
    struct sl_machine machine;                      /* as judged last */
    bool slows;                        /* devices are told to be slow */
    double slowed[SLUICE_MAX_DEVICES]; /* to these speeds */
    struct sl_cpus cpus;
    struct sl_held_shape now;
    struct sl_held_shape before; /* the one that it had before */
    int n_failed;                /* reshapes in a row that gained nothing */

    int n_seen; /* steps of this shape; the first one does not count */
    int waits;  /* steps until it may judge again */
    struct sl_step_window seen;
    bool awaits; /* what the last reshape has gained is to be measured */
    sluice_adaptation last;
};

static sluice_status alloc(sluice_adapter *a, size_t n, sluice_diag *why)
{
    a->layers = sl_alloc(a->allocator, n, sizeof *a->layers);
    a->shares = sl_alloc(a->allocator, n * KINDS, sizeof *a->shares);
    a->costs_ns = sl_alloc(a->allocator, n * KINDS, sizeof *a->costs_ns);
    a->cells = sl_alloc(a->allocator, 1, sizeof *a->cells);
    bool there = a->layers && a->shares && a->costs_ns && a->cells;
    return there ? SLUICE_OK : sl_no_memory(why, "adapting a pipeline");
}

/* Each layer's share of what its stage takes. */
static void share(sluice_adapter *a, const sluice_adapt_config *config)
{
    /* Only their ratio counts: 8 operations for each byte. */
    static const sluice_plan_rates rates = {.flops_per_ns = 8,
                                            .bytes_per_ns = 1};
    size_t n = (size_t)sluice_model_n_layers(config->model) * KINDS;
    int64_t rows = (config->pipeline->batch - 1) / a->microbatches + 1;
    if (config->costs_ns)
        memcpy(a->shares, config->costs_ns, n * sizeof *a->shares);
    else
        sluice_plan_model_costs(config->model, rows, &rates, a->shares);
    for (size_t i = 0; i < n; i++)
        a->shares[i] = a->shares[i] > 1 ? a->shares[i] : 1;
}

static void note_devices(sluice_adapter *a, const sluice_pipeline *pipe)
{
    const double *slowed = a->config.device_speeds;
    a->now.n_places = a->machine.n_devices = sluice_pipeline_n_devices(pipe);
    a->slows = slowed != NULL;
    sl_cpus_note(&a->cpus, pipe);
    for (int d = 0; d < a->now.n_places; d++) {
        a->now.places[d] = d;
        a->machine.speeds[d] = 1;
        a->slowed[d] = slowed ? slowed[d] : 1;
        a->devices[d].cap_bytes = sl_uneven_cap(&a->config, d);
    }
}

static sluice_status begin(sluice_adapter *a, const sluice_adapt_config *config,
                           const sluice_pipeline *pipe, sluice_diag *why)
{
    const char *name = config->pipeline->schedule.name;
    a->config = *config->pipeline;
    a->margin = config->margin > 0 ? config->margin : standard_margin;
    a->seen.n = config->window ? config->window : SLUICE_ADAPT_WINDOW;
    a->microbatches = pipe->blueprint.grid.n_microbatches;
    sluice_status st =
        alloc(a, (size_t)sluice_model_n_layers(config->model), why);
    if (!st)
        st = sluice_plan_layers(config->model, &a->config, a->layers, why);
    if (st)
        return st;
    share(a, config);
    note_devices(a, pipe);
    a->problem = (sluice_plan_config){
        .devices = a->devices,
        .batch = a->config.batch,
        .layers = a->layers,
        .n_layers = sluice_model_n_layers(config->model),
        .microbatches = &a->microbatches,
        .n_microbatches = 1,
        .costs_ns = a->costs_ns,
        .schedules = config->schedules ? config->schedules
                     : name            ? name
                                       : sluice_schedule_generator(0),
        .queue_capacity = pipe->blueprint.queue_capacity,
        .no_remat = a->config.remat == SLUICE_REMAT_NEVER,
        .allocator = a->allocator,
    };
    if (a->config.device_cap_bytes || a->config.device_caps) {
        a->problem.model = config->model; /* to count as a reshape will */
        a->problem.pipeline = &a->config;
    }
    return SLUICE_OK;
}

sluice_status sluice_adapter_create(const sluice_adapt_config *config,
                                    const sluice_pipeline *pipe,
                                    sluice_adapter **out, sluice_diag *why)
{
    sluice_status st = sl_adapt_check(config, pipe, why);
    if (st)
        return st;
    sluice_adapter *a = sl_alloc(config->allocator, 1, sizeof *a);
    if (!a)
        return sl_no_memory(why, "adapting a pipeline");
    a->allocator = config->allocator;
    st = begin(a, config, pipe, why);
    if (st)
        sluice_adapter_destroy(a);
    else
        *out = a;
    return st;
}

void sluice_adapter_destroy(sluice_adapter *a)
{
    if (!a)
        return;
    size_t n = (size_t)a->problem.n_layers;
    sluice_plan_destroy(a->now.plan);
    sluice_plan_destroy(a->before.plan);
    sl_free(a->allocator, a->cells, 1, sizeof *a->cells);
    sl_free(a->allocator, a->costs_ns, n * KINDS, sizeof *a->costs_ns);
    sl_free(a->allocator, a->shares, n * KINDS, sizeof *a->shares);
    sl_free(a->allocator, a->layers, n, sizeof *a->layers);
    sl_free(a->allocator, a, 1, sizeof *a);
}

/* The machine as the window shows it; a device that is not used stays as it was
 * seen last. */
static struct sl_machine look(const sluice_adapter *a)
{
    struct sl_machine machine = a->machine;
    for (int p = 0; p < a->now.n_places; p++)
        machine.speeds[a->now.places[p]] = sl_window_speed(&a->seen, p);
    sl_cpus_find_lost(&a->cpus, machine.lost);
    for (int d = 0; d < machine.n_devices; d++)
        if (a->machine.lost[d] && !machine.lost[d])
            machine.speeds[d] = 1; /* nothing is known of it */
    return machine;
}

/* The device that has changed most; -1: one was lost or is back, -2: none has
 * changed by half the margin. */
static int find_change(const sluice_adapter *a, const struct sl_machine *now)
{
    int device = -2;
    double most = a->margin / 2;
    for (int d = 0; d < now->n_devices; d++) {
        double change = fabs(log(now->speeds[d] / a->machine.speeds[d]));
        if (now->lost[d] != a->machine.lost[d])
            return -1;
        if (change > most) {
            most = change;
            device = d;
        }
    }
    return device;
}

static struct sl_cut cut_of(const sluice_pipeline *pipe)
{
    return (struct sl_cut){pipe->blueprint.stage_layers,
                           pipe->blueprint.grid.depth};
}

/* Returns whether the pipeline has the shape `to`. */
static bool move_to(sluice_adapter *a, sluice_pipeline *pipe,
                    const struct sl_held_shape *to, sluice_adaptation *news)
{
    char before[SL_CUT_TEXT], after[SL_CUT_TEXT];
    sluice_diag refused = {.text = ""};
    sl_print_cut(cut_of(pipe), before);
    if (sl_held_apply(to, &a->config, a->slows ? a->slowed : NULL, &a->cpus,
                      pipe, &refused)) {
        news->what = SLUICE_ADAPT_REFUSED;
        snprintf(news->text, sizeof news->text,
                 "another cut than %s is refused: %.200s", before,
                 refused.text);
        return false;
    }
    sl_print_cut(cut_of(pipe), after);
    a->n_seen = 0;
    news->what = SLUICE_ADAPT_RESHAPED;
    sl_tell_reshape(to->n_places, before, after, news);
    a->last = *news;
    return true;
}

/* A plan that cannot be had is no error of the training. */
static void judge(sluice_adapter *a, sluice_pipeline *pipe, int device,
                  sluice_adaptation *news)
{
    struct sl_decision decision;
    const struct sl_running_shape now = {
        .schedule = pipe->blueprint.schedule,
        .cut = cut_of(pipe),
        .places = a->now.places,
        .n_places = a->now.n_places,
        .queue_capacity = pipe->blueprint.queue_capacity,
    };
    a->waits = a->seen.n / 2 + 1;
    if (sl_decide(&a->problem, &a->machine, &now, a->margin, &decision, NULL) ||
        !decision.reshapes)
        return;
    double before = sl_window_step_ns(&a->seen);
    *news = (sluice_adaptation){
        .device = device,
        .speed = device >= 0 ? a->machine.speeds[device] : 0,
        .before_ns = llround(before),
        .predicted_ns = llround(before * (double)decision.best_ns /
                                (double)decision.now_ns),
    };
    struct sl_held_shape to = {.plan = decision.plan,
                               .n_places = decision.n_places};
    memcpy(to.places, decision.places, sizeof to.places);
    a->awaits = move_to(a, pipe, &to, news);
    if (!a->awaits) {
        sluice_plan_destroy(to.plan);
        return;
    }
    sluice_plan_destroy(a->before.plan);
    a->before = a->now;
    a->now = to;
}

/*
 * A step takes longer than before: how fast a device is depends on what it has
 * to do, if it shares its core with another program.  The next plan is looked
 * for after twice as many steps as after the last one that failed.
 */
static void go_back(sluice_adapter *a, sluice_pipeline *pipe,
                    sluice_adaptation *news)
{
    const struct sl_held_shape failed = a->now;
    char cut[SL_CUT_TEXT];
    if (!move_to(a, pipe, &a->before, news))
        return;
    sl_print_cut(cut_of(pipe), cut);
    sl_tell_return(cut, news);
    a->now = a->before;
    a->before = failed;
    a->n_failed += a->n_failed < MOST_FAILED;
    a->waits = a->seen.n << a->n_failed;
}

/* Whether a shape has a device whose CPU is lost. */
static bool needs_lost(const sluice_adapter *a,
                       const struct sl_held_shape *shape)
{
    bool lost[SLUICE_MAX_DEVICES];
    sl_cpus_find_lost(&a->cpus, lost);
    for (int p = 0; p < shape->n_places; p++)
        if (lost[shape->places[p]])
            return true;
    return false;
}

/* The first window of a new shape is complete.  Fewer cores may well take
 * longer: a shape that needs a lost one is not to return. */
static void conclude(sluice_adapter *a, sluice_pipeline *pipe,
                     sluice_adaptation *news)
{
    double before = (double)a->last.before_ns;
    *news = a->last;
    a->awaits = false;
    news->what = SLUICE_ADAPT_MEASURED;
    news->measured_ns = llround(sl_window_step_ns(&a->seen));
    sl_tell_measured(news);
    if ((double)news->measured_ns > (1 + a->margin / 2) * before &&
        !needs_lost(a, &a->before))
        go_back(a, pipe, news);
    else
        a->n_failed = 0;
}

/* The costs are what is seen in the first window. */
static void calibrate(sluice_adapter *a, const sluice_pipeline *pipe,
                      const sluice_trace *trace)
{
    sl_cells_add(a->cells, trace);
    if (a->n_seen <= a->seen.n)
        return;
    sl_cells_calibrate(a->cells, cut_of(pipe), a->shares, a->costs_ns);
    sl_free(a->allocator, a->cells, 1, sizeof *a->cells);
    a->cells = NULL;
    a->n_seen = 1;
}

static void watch(sluice_adapter *a, sluice_pipeline *pipe,
                  const sluice_trace *trace, sluice_adaptation *news)
{
    int at = a->n_seen % a->seen.n;
    sl_cells_speeds(trace, cut_of(pipe), a->costs_ns, a->seen.speeds[at]);
    a->seen.step_ns[at] = (double)(trace->end_ns - trace->start_ns);
    a->waits -= a->waits > 0;
    if (a->n_seen <= a->seen.n)
        return;
    if (a->awaits) {
        conclude(a, pipe, news);
        return;
    }
    struct sl_machine now = look(a);
    int device = find_change(a, &now);
    if (device == -2 || a->waits)
        return;
    a->machine = now;
    judge(a, pipe, device, news);
}

sluice_status sluice_adapter_step(sluice_adapter *a, sluice_pipeline *pipe,
                                  sluice_adaptation *news, sluice_diag *why)
{
    sluice_trace trace;
    *news = (sluice_adaptation){.what = SLUICE_ADAPT_NOTHING};
    sluice_status st = sluice_pipeline_trace(pipe, &trace, why);
    if (st || ++a->n_seen == 1)
        return st;
    if (a->cells)
        calibrate(a, pipe, &trace);
    else
        watch(a, pipe, &trace, news);
    return SLUICE_OK;
}

sluice_status sluice_adapter_set_speeds(sluice_adapter *a,
                                        sluice_pipeline *pipe,
                                        const double *speeds, int n,
                                        sluice_diag *why)
{
    double of[SLUICE_MAX_DEVICES];
    if (n != a->machine.n_devices)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "%d speeds for %d devices: give one for each "
                               "with which the training began",
                               n, a->machine.n_devices);
    for (int p = 0; p < a->now.n_places; p++)
        of[p] = speeds[a->now.places[p]];
    sluice_status st =
        sluice_pipeline_set_speeds(pipe, of, a->now.n_places, why);
    if (st)
        return st;
    a->slows = true;
    memcpy(a->slowed, speeds, (size_t)n * sizeof *speeds);
    return SLUICE_OK;
}

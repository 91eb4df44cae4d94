/*
 * Adapting a pipeline.  The caller's thread, between two steps; in several
 * processes that of process 0 (adapt/together.h).
 *
 *   calibrate  The first window of steps gives the costs of the layers, each
 *              stage by its fastest step; the
 *              very first step of each shape is left out, because caches are
 *              cold.
 *   watch      Each step gives a speed of each device, and the medians of the
 *              last window count.
 *   judge      When one of them has changed by half the margin, or a core is
 *              lost or back, sl_decide() looks for a plan; for a speed not
 *              again before half a window has passed.
 *   reshape    The plan's devices keep their cores.  A new window begins.
 *   conclude   If a step takes longer there than before, the pipeline gets its
 *              former shape back, except if that needs a lost core, or if a
 *              device is slower that was given no more work: then the machine
 *              has changed, not the shape failed.
 */
#include "train/adapt/adapter.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <sluice/reshape.h>

#include "base/memory.h"
#include "pipeline/pipeline.h"
#include "train/adapt/tidings.h"
#include "train/adapt/told_shape.h"

enum {
    MOST_FAILED = 8, /* reshapes in a row that let one wait longer */
    LAST_STEPS = 3,  /* of a window, by which it is settled */
};

/*
 * The speed of a device as the window shows it.  One that seems to be a little
 * faster than before has not changed: while another one is slow and the devices
 * wait, each has more of the caches and of the memory's bandwidth to itself,
 * and loses that again once all of them have work.
 */
static double speed_seen(const sluice_adapter *a, int place, double seen)
{
    double usual = a->usual[a->now.places[place]];
    return seen > usual && seen < (1 + a->margin) * usual ? usual : seen;
}

/* The machine as the window shows it; a device that is not used stays as it was
 * seen last. */
static struct sl_machine look(const sluice_adapter *a)
{
    struct sl_machine machine = a->machine;
    for (int p = 0; p < a->now.n_places; p++)
        machine.speeds[a->now.places[p]] =
            speed_seen(a, p, sl_window_speed(&a->seen, p));
    sl_cpus_find_lost(&a->cpus, machine.lost);
    for (int d = 0; d < machine.n_devices; d++)
        if (a->machine.lost[d] && !machine.lost[d])
            machine.speeds[d] = 1; /* nothing is known of it */
    return machine;
}

/* The first window after that of the costs: its steps are not the fastest. */
static void note_usual(sluice_adapter *a)
{
    for (int p = 0; p < a->now.n_places; p++)
        a->usual[a->now.places[p]] = sl_window_speed(&a->seen, p);
    a->knows_usual = true;
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

/* Whether the last steps of the window show what all of it does: while devices
 * change, its medians are of before and of after, of each device in another
 * way. */
static bool is_settled(const sluice_adapter *a)
{
    int newest = a->n_seen % a->seen.n;
    if (a->seen.n <= LAST_STEPS)
        return true;
    for (int p = 0; p < a->now.n_places; p++) {
        double late = sl_window_late_speed(&a->seen, p, newest, LAST_STEPS);
        double ratio = late / sl_window_exact_speed(&a->seen, p);
        if (fabs(log(ratio)) > a->margin / 2)
            return false;
    }
    return true;
}

static struct sl_cut cut_of(const sluice_pipeline *pipe)
{
    return (struct sl_cut){pipe->blueprint.stage_layers,
                           pipe->blueprint.grid.depth};
}

static struct sl_running_shape running(const sluice_adapter *a,
                                       const sluice_pipeline *pipe)
{
    return (struct sl_running_shape){
        .schedule = pipe->blueprint.schedule,
        .cut = cut_of(pipe),
        .places = a->now.places,
        .n_places = a->now.n_places,
        .queue_capacity = pipe->blueprint.queue_capacity,
    };
}

/* Add what the layers of each device take, times `sign`. */
static void add_work(const sluice_adapter *a, const sluice_pipeline *pipe,
                     const struct sl_held_shape *shape, double sign,
                     double work[SLUICE_MAX_DEVICES])
{
    struct sl_cut cut = cut_of(pipe);
    for (int s = 0, first = 0; s < cut.n_stages; s++) {
        int end = first + cut.partition[s];
        int place = sluice_schedule_stage_device(pipe->blueprint.schedule, s);
        work[shape->places[place]] +=
            sign * sl_cells_work(a->costs_ns, first, end);
        first = end;
    }
}

/* All processes do; this one has told the others. */
static sluice_status reshape(const sluice_adapter *a, sluice_pipeline *pipe,
                             const struct sl_held_shape *to, sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    if (pipe->world)
        st = sl_told_shape_say(to, pipe, why);
    return st ? st
              : sl_held_apply(to, &a->config, a->slows ? a->slowed : NULL,
                              &a->cpus, pipe, SLUICE_OK, why);
}

/* Returns whether the pipeline has the shape `to`. */
static bool move_to(sluice_adapter *a, sluice_pipeline *pipe,
                    const struct sl_held_shape *to, sluice_adaptation *news)
{
    char before[SL_CUT_TEXT], after[SL_CUT_TEXT];
    double work[SLUICE_MAX_DEVICES] = {0};
    sluice_diag refused = {.text = ""};
    add_work(a, pipe, &a->now, -1, work);
    sl_print_cut(cut_of(pipe), before);
    if (reshape(a, pipe, to, &refused)) {
        news->what = SLUICE_ADAPT_REFUSED;
        snprintf(news->text, sizeof news->text,
                 "another cut than %s is refused: %.200s", before,
                 refused.text);
        return false;
    }
    sl_print_cut(cut_of(pipe), after);
    add_work(a, pipe, to, 1, work);
    for (int d = 0; d < a->machine.n_devices; d++)
        a->relieved[d] = work[d] <= 0;
    a->n_seen = 0;
    news->what = SLUICE_ADAPT_RESHAPED;
    sl_tell_reshape(to->n_places, before, after, news);
    a->last = *news;
    return true;
}

/* How many times as long as now a step is to take: the plan was searched for by
 * rounded speeds, and is priced by those that were seen. */
static double predict(sluice_adapter *a, const struct sl_running_shape *now,
                      const struct sl_decision *decision)
{
    int64_t now_ns, then_ns;
    const sluice_plan_row *row = sluice_plan_row_at(decision->plan, 0);
    struct sl_running_shape then = {
        .schedule = sluice_plan_schedule(decision->plan),
        .places = decision->places,
        .n_places = decision->n_places,
        .queue_capacity = row->queue_capacity,
    };
    then.cut.partition =
        sluice_plan_partition(decision->plan, &then.cut.n_stages);
    a->assumed = a->machine;
    for (int p = 0; p < now->n_places; p++)
        a->assumed.speeds[now->places[p]] =
            speed_seen(a, p, sl_window_exact_speed(&a->seen, p));
    if (sl_decision_price(&a->problem, &a->assumed, now, &now_ns, NULL) ||
        sl_decision_price(&a->problem, &a->assumed, &then, &then_ns, NULL))
        return (double)decision->best_ns / (double)decision->now_ns;
    return (double)then_ns / (double)now_ns;
}

/* A plan that cannot be had is no error of the training. */
static void judge(sluice_adapter *a, sluice_pipeline *pipe, int device,
                  sluice_adaptation *news)
{
    struct sl_decision decision;
    const struct sl_running_shape now = running(a, pipe);
    a->waits = a->seen.n / 2 + 1;
    if (sl_decide(&a->problem, &a->machine, &now, a->margin, &decision, NULL) ||
        !decision.reshapes)
        return;
    double before = sl_window_step_ns(&a->seen);
    *news = (sluice_adaptation){
        .device = device,
        .speed = device >= 0 ? a->machine.speeds[device] : 0,
        .before_ns = llround(before),
        .predicted_ns = llround(before * predict(a, &now, &decision)),
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

/* Whether a device that was given no more work is slower than it was: the shape
 * is not what makes it so. */
static bool has_slowed(const sluice_adapter *a)
{
    for (int p = 0; p < a->now.n_places; p++) {
        int device = a->now.places[p];
        double ratio =
            sl_window_exact_speed(&a->seen, p) / a->assumed.speeds[device];
        if (a->relieved[device] && log(ratio) < -a->margin / 2)
            return true;
    }
    return false;
}

/* What a step was to take, had the speeds been known that are seen now. */
static int64_t expect(const sluice_adapter *a, const sluice_pipeline *pipe)
{
    const struct sl_running_shape now = running(a, pipe);
    struct sl_machine seen = a->assumed;
    int64_t planned_ns, seen_ns;
    for (int p = 0; p < a->now.n_places; p++)
        seen.speeds[a->now.places[p]] = sl_window_exact_speed(&a->seen, p);
    if (sl_decision_price(&a->problem, &a->assumed, &now, &planned_ns, NULL) ||
        sl_decision_price(&a->problem, &seen, &now, &seen_ns, NULL))
        return a->last.predicted_ns;
    return llround((double)a->last.predicted_ns * (double)seen_ns /
                   (double)planned_ns);
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
    news->expected_ns = expect(a, pipe);
    sl_tell_measured(news);
    if ((double)news->measured_ns > (1 + a->margin / 2) * before &&
        !needs_lost(a, &a->before) && !has_slowed(a))
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
    if (!a->knows_usual)
        note_usual(a);
    struct sl_machine now = look(a);
    int device = find_change(a, &now);
    if (device == -2 || (device >= 0 && a->waits))
        return;
    if (device >= 0 && a->n_unsettled < a->seen.n && !is_settled(a)) {
        a->n_unsettled++;
        return;
    }
    a->n_unsettled = 0;
    a->machine = now;
    judge(a, pipe, device, news);
}

void sl_adapter_see(sluice_adapter *a, sluice_pipeline *pipe,
                    const sluice_trace *trace, sluice_adaptation *news)
{
    *news = (sluice_adaptation){.what = SLUICE_ADAPT_NOTHING};
    if (++a->n_seen == 1)
        return;
    if (a->cells)
        calibrate(a, pipe, trace);
    else
        watch(a, pipe, trace, news);
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

/* Prices of steps that were run.  The main thread. */
#include "bench/plan/step_price.h"

#include <math.h>
#include <stdlib.h>

#include "bench/measure/samples.h"

enum { KINDS = SLUICE_N_ACTION_KINDS };

struct cell {
    double ns; /* of all but the first */
    int n;
    bool seen;
};

struct tables {
    struct cell cells[SLUICE_PLAN_MAX_STAGES][KINDS];
    const int64_t *costs[SLUICE_MAX_DEVICES];
    const int64_t *ahead[SLUICE_MAX_DEVICES];
    int64_t *storage;
};

/* The next event of an action from `*at` on; NULL: there is none.  Others, such
 * as adding up the gradients of a tied tensor, are not in the list. */
static const sluice_trace_event *next_of(const sluice_trace *trace, int device,
                                         const sluice_action *action, int *at)
{
    while (*at < trace->n_events[device]) {
        const sluice_trace_event *event = &trace->events[device][(*at)++];
        if (event->action.kind == action->kind &&
            event->action.stage == action->stage &&
            event->action.microbatch == action->microbatch)
            return event;
    }
    return NULL;
}

static sluice_status add_device(struct tables *tables,
                                const sluice_trace *trace,
                                const sluice_action *actions, int n, int device,
                                sluice_diag *why)
{
    for (int i = 0, at = 0; i < n; i++) {
        const sluice_trace_event *event =
            next_of(trace, device, &actions[i], &at);
        if (!event)
            return sluice_diag_set(why, SLUICE_INVALID,
                                   "a trace of another program: device %d did "
                                   "not run action %d of the plan's list",
                                   device, i);
        struct cell *cell = &tables->cells[actions[i].stage][actions[i].kind];
        if (cell->seen) {
            cell->ns += (double)(event->end_ns - event->start_ns);
            cell->n++;
        }
        cell->seen = true;
    }
    return SLUICE_OK;
}

/* The last stage packs for both ways before its first forward, and stage 0 of
 * the model's input within it, as the planner has it. */
static int64_t ahead_of(const struct step_price *price, int stage, int kind)
{
    bool last = stage == sluice_schedule_n_stages(price->schedule) - 1;
    bool back = kind == SLUICE_B || kind == SLUICE_I;
    const int64_t *of = &price->ahead_ns[stage * KINDS];
    if (kind == SLUICE_F && stage > 0)
        return of[SLUICE_F] + (last ? of[SLUICE_B] : 0);
    return back && !last ? of[SLUICE_B] : 0;
}

static void fill_device(const struct tables *tables,
                        const struct step_price *price,
                        const sluice_trace *trace, bool each, int device,
                        int64_t *costs, int64_t *ahead)
{
    bool seen[SLUICE_PLAN_MAX_STAGES][KINDS] = {{false}};
    int n;
    const sluice_action *actions =
        sluice_schedule_actions(price->schedule, device, &n);
    for (int i = 0, at = 0; i < n; i++) {
        int stage = actions[i].stage, kind = (int)actions[i].kind;
        const sluice_trace_event *event =
            next_of(trace, device, &actions[i], &at);
        const struct cell *cell = &tables->cells[stage][kind];
        bool first = !seen[stage][kind];
        costs[i] = first || each ? event->end_ns - event->start_ns
                                 : llround(cell->ns / cell->n);
        ahead[i] = first ? ahead_of(price, stage, kind) : 0;
        seen[stage][kind] = true;
    }
}

static sluice_status fill(struct tables *tables, const struct step_price *price,
                          const sluice_trace *trace, bool each,
                          sluice_diag *why)
{
    int n_devices = sluice_schedule_n_devices(price->schedule), n;
    size_t all = 0;
    for (int d = 0; d < n_devices; d++) {
        const sluice_action *actions =
            sluice_schedule_actions(price->schedule, d, &n);
        sluice_status st = add_device(tables, trace, actions, n, d, why);
        if (st)
            return st;
        all += (size_t)n;
    }
    tables->storage = calloc(2 * all, sizeof *tables->storage);
    if (!tables->storage)
        return sluice_diag_set(why, SLUICE_NO_MEMORY,
                               "out of memory for the costs of %zu actions",
                               all);
    int64_t *at = tables->storage;
    for (int d = 0; d < n_devices; d++) {
        sluice_schedule_actions(price->schedule, d, &n);
        fill_device(tables, price, trace, each, d, at, at + all);
        tables->costs[d] = at;
        tables->ahead[d] = at + all;
        at += n;
    }
    return SLUICE_OK;
}

sluice_status step_price_of(const struct step_price *price,
                            const sluice_trace *trace, bool each, double *ns,
                            sluice_diag *why)
{
    struct tables *tables = calloc(1, sizeof *tables);
    if (!tables)
        return sluice_diag_set(why, SLUICE_NO_MEMORY,
                               "out of memory for the price of a step");
    sluice_simulate_config config = price->machine;
    sluice_simulation *simulation = NULL;
    sluice_status st = fill(tables, price, trace, each, why);
    config.action_costs_ns = tables->costs;
    config.ahead_costs_ns = tables->ahead;
    if (!st)
        st = sluice_simulate(price->schedule, &config, &simulation, why);
    if (!st)
        *ns = (double)(sluice_simulation_trace(simulation)->end_ns +
                       config.wake_ns);
    sluice_simulation_destroy(simulation);
    free(tables->storage);
    free(tables);
    return st;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The median of n values, which are sorted. */
static double sorted_median(double *of, int n)
{
    qsort(of, (size_t)n, sizeof *of, compare);
    return median_of(of, n);
}

sluice_status step_price_compare(const struct priced_step *steps, int n,
                                 int turn, struct step_beside *beside,
                                 sluice_diag *why)
{
    enum { STEP, VIRTUAL, OFF_CORE, SPREAD, REST, RATIOS };
    int most = n > 0 ? n : 1, kept = 0;
    double *of[RATIOS];
    of[0] = calloc(RATIOS * (size_t)most, sizeof **of);
    *beside = (struct step_beside){.n = 0};
    if (!of[0])
        return sluice_diag_set(why, SLUICE_NO_MEMORY,
                               "out of memory for %d steps", n);
    for (int r = 1; r < RATIOS; r++)
        of[r] = of[0] + r * most;
    for (int i = 1; i + 1 < n; i++) {
        const struct priced_step *at = &steps[i];
        if (i % turn == 0 || i % turn == turn - 1)
            continue;
        of[STEP][kept] =
            2 * at->wall_ns / (at[-1].by_wall_ns + at[1].by_wall_ns);
        of[VIRTUAL][kept] =
            2 * at->virtual_ns / (at[-1].by_virtual_ns + at[1].by_virtual_ns);
        of[OFF_CORE][kept] = at->by_wall_ns / at->by_cpu_ns;
        of[SPREAD][kept] = at->by_each_ns / at->by_wall_ns;
        of[REST][kept++] = at->wall_ns / at->by_each_ns;
    }
    if (kept)
        *beside = (struct step_beside){
            .n = kept,
            .step = sorted_median(of[STEP], kept),
            .quarter = {of[STEP][kept / 4], of[STEP][kept - 1 - kept / 4]},
            .virtual_step = sorted_median(of[VIRTUAL], kept),
            .off_core = sorted_median(of[OFF_CORE], kept),
            .spread = sorted_median(of[SPREAD], kept),
            .rest = sorted_median(of[REST], kept),
        };
    free(of[0]);
    return SLUICE_OK;
}

/* Times of cells, costs and speeds.  The caller's thread. */
#include "train/adapt/cells.h"

#include <math.h>

enum { KINDS = SLUICE_N_ACTION_KINDS };

/* The mean of the actions of a device that are of one stage and kind, those
 * like number `i`; 0 if there was such an action before it. */
static double mean_like(const sluice_trace *trace, int device, int i)
{
    const sluice_trace_event *events = trace->events[device];
    double ns = 0;
    int n = 0;
    for (int j = 0; j < trace->n_events[device]; j++) {
        if (events[j].action.stage != events[i].action.stage ||
            events[j].action.kind != events[i].action.kind)
            continue;
        if (j < i)
            return 0;
        ns += (double)(events[j].end_ns - events[j].start_ns);
        n++;
    }
    return ns / n;
}

void sl_cells_add(struct sl_cells *cells, const sluice_trace *trace)
{
    for (int d = 0; d < trace->n_devices; d++)
        for (int i = 0; i < trace->n_events[d]; i++) {
            sluice_action action = trace->events[d][i].action;
            double *least = &cells->ns[action.stage][action.kind];
            double ns = mean_like(trace, d, i);
            if (ns > 0 && (*least == 0 || ns < *least))
                *least = ns;
        }
}

/* The sum of layers first to end. */
static double sum(const int64_t *costs, int first, int end, int kind)
{
    double ns = 0;
    for (int i = first; i < end; i++)
        ns += (double)costs[i * KINDS + kind];
    return ns;
}

/* What the kinds of a stage took, as a multiple of their shares; 0: not seen.
 */
static double factor_of(const struct sl_cells *cells, int stage,
                        const int64_t *shares, int first, int end,
                        const int *kinds, int n)
{
    double took = 0, share = 0;
    for (int i = 0; i < n; i++) {
        int kind = kinds[i];
        if (cells->ns[stage][kind] == 0)
            continue;
        took += cells->ns[stage][kind];
        share += sum(shares, first, end, kind);
    }
    return share > 0 ? took / share : 0;
}

/* By itself; else by the kinds that it is like. */
static double scale(const struct sl_cells *cells, int stage,
                    const int64_t *shares, int first, int end, int kind)
{
    static const int like[KINDS][3] = {
        [SLUICE_R] = {SLUICE_F, SLUICE_F, SLUICE_F},
        [SLUICE_I] = {SLUICE_B, SLUICE_B, SLUICE_B},
        [SLUICE_W] = {SLUICE_B, SLUICE_B, SLUICE_B},
        [SLUICE_B] = {SLUICE_I, SLUICE_W, SLUICE_W},
    };
    double own = factor_of(cells, stage, shares, first, end, &kind, 1);
    if (own > 0)
        return own;
    double other = factor_of(cells, stage, shares, first, end, like[kind], 2);
    return other > 0 ? other : 1;
}

void sl_cells_calibrate(const struct sl_cells *cells, struct sl_cut cut,
                        const int64_t *shares, int64_t *costs_ns)
{
    for (int s = 0, first = 0; s < cut.n_stages; s++) {
        int end = first + cut.partition[s];
        for (int kind = 0; kind < KINDS; kind++) {
            double factor = scale(cells, s, shares, first, end, kind);
            for (int i = first; i < end; i++) {
                double ns = (double)shares[i * KINDS + kind] * factor;
                costs_ns[i * KINDS + kind] = ns > 1 ? llround(ns) : 1;
            }
        }
        first = end;
    }
}

static bool counts(int kind)
{
    return kind == SLUICE_F || kind == SLUICE_B || kind == SLUICE_I ||
           kind == SLUICE_W || kind == SLUICE_R;
}

/* What an action should take. */
static double cost_of(struct sl_cut cut, const int64_t *costs_ns,
                      sluice_action action)
{
    int first = 0;
    for (int s = 0; s < action.stage; s++)
        first += cut.partition[s];
    return sum(costs_ns, first, first + cut.partition[action.stage],
               (int)action.kind);
}

void sl_cells_speeds(const sluice_trace *trace, struct sl_cut cut,
                     const int64_t *costs_ns, double *speeds)
{
    for (int d = 0; d < trace->n_devices; d++) {
        double wanted = 0, took = 0;
        for (int i = 0; i < trace->n_events[d]; i++) {
            const sluice_trace_event *event = &trace->events[d][i];
            if (!counts((int)event->action.kind))
                continue;
            wanted += cost_of(cut, costs_ns, event->action);
            took += (double)(event->end_ns - event->start_ns);
        }
        speeds[d] = took > 0 ? wanted / took : 1;
    }
}

double sl_cells_work(const int64_t *costs_ns, int first, int end)
{
    return sum(costs_ns, first, end, SLUICE_F) +
           sum(costs_ns, first, end, SLUICE_B);
}

/* Costs in place.  The main thread. */
#include "bench/plan/in_place.h"

#include <math.h>
#include <stdlib.h>

#include "bench/measure/samples.h"

enum { KINDS = SLUICE_N_ACTION_KINDS };

sluice_status in_place_init(struct in_place *times, int n_stages,
                            sluice_diag *why)
{
    *times = (struct in_place){.n_stages = n_stages};
    times->of =
        calloc((size_t)n_stages * KINDS * IN_PLACE_STEPS, sizeof *times->of);
    return times->of ? SLUICE_OK
                     : sluice_diag_set(why, SLUICE_NO_MEMORY,
                                       "out of memory for the times of %d "
                                       "stages",
                                       n_stages);
}

void in_place_fini(struct in_place *times)
{
    free(times->of);
    *times = (struct in_place){.n_stages = 0};
}

/* The sums of a step. */
struct cell {
    int64_t first_ns;
    int64_t other_ns;
    int n_first; /* one on each device that has the stage */
    int n_other;
};

static void add_device(const sluice_trace *trace, int device, int n_stages,
                       struct cell *cells)
{
    bool seen[SLUICE_PLAN_MAX_STAGES][KINDS] = {{false}};
    for (int i = 0; i < trace->n_events[device]; i++) {
        const sluice_trace_event *event = &trace->events[device][i];
        int kind = event->action.kind, stage = event->action.stage;
        int64_t ns = event->end_ns - event->start_ns;
        if (kind < 0 || kind >= KINDS || stage < 0 || stage >= n_stages)
            continue;
        struct cell *cell = &cells[stage * KINDS + kind];
        *(seen[stage][kind] ? &cell->other_ns : &cell->first_ns) += ns;
        ++*(seen[stage][kind] ? &cell->n_other : &cell->n_first);
        seen[stage][kind] = true;
    }
}

static int64_t mean_of(const struct cell *cell)
{
    if (cell->n_other)
        return cell->other_ns / cell->n_other;
    return cell->n_first ? cell->first_ns / cell->n_first : -1;
}

void in_place_read(struct in_place *times, const sluice_trace *trace)
{
    static const struct cell none = {0};
    struct cell cells[SLUICE_PLAN_MAX_STAGES * KINDS];
    int n = times->n_stages * KINDS;
    if (times->n == IN_PLACE_STEPS)
        return;
    for (int i = 0; i < n; i++)
        cells[i] = none;
    for (int d = 0; d < trace->n_devices; d++)
        add_device(trace, d, times->n_stages, cells);
    for (int i = 0; i < n; i++)
        times->of[times->n * n + i] = mean_of(&cells[i]);
    times->n++;
}

void in_place_medians(const struct in_place *times, int64_t *stage_ns)
{
    int n = times->n_stages * KINDS;
    for (int i = 0; i < n; i++) {
        double of[IN_PLACE_STEPS];
        for (int s = 0; s < times->n; s++)
            of[s] = (double)times->of[s * n + i];
        stage_ns[i] = llround(median_of(of, times->n));
    }
}

/* What layers first..end take of a kind; what is not known is 0. */
static double sum_of(const int64_t *costs_ns, int first, int end, int kind)
{
    double ns = 0;
    for (int i = first; i < end; i++)
        ns += (double)costs_ns[i * KINDS + kind];
    return ns > 0 ? ns : 0;
}

static double factor_of(double in_place_ns, double apart_ns)
{
    return in_place_ns > 0 && apart_ns > 0 ? in_place_ns / apart_ns : 0;
}

/* By how much F, B, I and W are longer; 0: the plan has none of this kind. */
static void find_factors(const int64_t *stage_ns, const int64_t *costs_ns,
                         int first, int end, double factor[KINDS])
{
    static const int kinds[] = {SLUICE_F, SLUICE_B, SLUICE_I, SLUICE_W,
                                SLUICE_R};
    for (int k = 0; k < 5; k++)
        factor[kinds[k]] = factor_of((double)stage_ns[kinds[k]],
                                     sum_of(costs_ns, first, end, kinds[k]));
    double halves =
        factor_of((double)stage_ns[SLUICE_I] + (double)stage_ns[SLUICE_W],
                  sum_of(costs_ns, first, end, SLUICE_I) +
                      sum_of(costs_ns, first, end, SLUICE_W));
    if (stage_ns[SLUICE_B] < 0)
        factor[SLUICE_B] = halves;
    if (stage_ns[SLUICE_I] < 0)
        factor[SLUICE_I] = factor[SLUICE_W] = factor[SLUICE_B];
    if (stage_ns[SLUICE_R] < 0)
        factor[SLUICE_R] = factor[SLUICE_F];
}

static void apply(const double factor[KINDS], int64_t *costs_ns, int n_rows,
                  int n_layers, int first, int end)
{
    for (int row = 0; row < n_rows; row++)
        for (int i = first; i < end; i++)
            for (int kind = 0; kind <= SLUICE_R; kind++) {
                int64_t *ns = &costs_ns[(row * n_layers + i) * KINDS + kind];
                if (factor[kind] > 0 && *ns > 0)
                    *ns = llround((double)*ns * factor[kind]);
            }
}

void in_place_correct(const sluice_plan *plan, const int64_t *stage_ns,
                      int64_t *costs_ns, int n_rows, int n_layers, int own)
{
    int n, i = 0;
    const int *sizes = sluice_plan_partition(plan, &n);
    const int64_t *row_ns = &costs_ns[own * n_layers * KINDS];
    double factor[KINDS] = {0};
    for (int s = 0; s < n; s++) {
        find_factors(&stage_ns[s * KINDS], row_ns, i, i + sizes[s], factor);
        apply(factor, costs_ns, n_rows, n_layers, i, i + sizes[s]);
        i += sizes[s];
    }
}

double in_place_factor(const sluice_plan *plan, const int64_t *stage_ns,
                       const int64_t *row_ns, int kind)
{
    int n, i = 0;
    const int *sizes = sluice_plan_partition(plan, &n);
    double in_place_ns = 0, apart_ns = 0;
    for (int s = 0; s < n; s++) {
        if (stage_ns[s * KINDS + kind] > 0) {
            in_place_ns += (double)stage_ns[s * KINDS + kind];
            apart_ns += sum_of(row_ns, i, i + sizes[s], kind);
        }
        i += sizes[s];
    }
    return factor_of(in_place_ns, apart_ns);
}

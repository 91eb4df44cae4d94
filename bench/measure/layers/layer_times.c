/* The times of layers, step by step.  The main thread. */
#include "bench/measure/layers/layer_times.h"

#include <stdlib.h>
#include <string.h>

#include <sluice/simulate.h>

#include "bench/measure/step_parts.h"

enum { KINDS = SLUICE_N_ACTION_KINDS };

/* How much more the first F of each layer, and its first backward, an I, took
 * than others, packing included: a device packs between the action before and
 * the wait for the input, which is there. */
static void read_first(const sluice_trace *trace, int n_layers,
                       const int64_t *costs_ns, int64_t *first_ns)
{
    memset(first_ns, 0, (size_t)n_layers * KINDS * sizeof *first_ns);
    for (int d = 0; d < trace->n_devices; d++) {
        bool seen[SLUICE_MAX_STAGES][2] = {{false}};
        int64_t free_ns = 0;
        for (int i = 0; i < trace->n_events[d]; i++) {
            const sluice_trace_event *event = &trace->events[d][i];
            int kind = event->action.kind, layer = event->action.stage;
            int64_t took = event->end_ns - free_ns;
            free_ns = event->end_ns;
            if ((kind != SLUICE_F && kind != SLUICE_I) ||
                seen[layer][kind == SLUICE_I])
                continue;
            seen[layer][kind == SLUICE_I] = true;
            first_ns[layer * KINDS + kind] +=
                (took - costs_ns[layer * KINDS + kind]) / trace->n_devices;
        }
    }
    for (int i = 0; i < n_layers; i++)
        first_ns[i * KINDS + SLUICE_B] = first_ns[i * KINDS + SLUICE_I];
}

/* The shortest UPDATE of each layer: a device that is not the last also keeps
 * what it updates before the commit, which delays no other. */
static void read_updates(const sluice_trace *trace, int n_layers,
                         int64_t *costs_ns)
{
    for (int i = 0; i < n_layers; i++)
        costs_ns[i * KINDS + SLUICE_UPDATE] = INT64_MAX;
    for (int d = 0; d < trace->n_devices; d++)
        for (int i = 0; i < trace->n_events[d]; i++) {
            const sluice_trace_event *event = &trace->events[d][i];
            int64_t ns = event->end_ns - event->start_ns;
            int64_t *of = &costs_ns[event->action.stage * KINDS];
            if (event->action.kind == SLUICE_UPDATE && ns < of[SLUICE_UPDATE])
                of[SLUICE_UPDATE] = ns;
        }
}

/* What two replicas take to add up the gradients of each layer: n of them take
 * 2 (n - 1) / n times as long. */
static void read_reductions(const sluice_trace *trace, int n_layers,
                            int64_t *costs_ns)
{
    int n = trace->n_replicas > 1 ? trace->n_replicas : 1;
    for (int i = 0; i < n_layers; i++) {
        int64_t *of = &costs_ns[i * KINDS];
        int64_t least = INT64_MAX;
        for (int d = 0; d < trace->n_devices; d++) {
            int64_t ns = 0;
            for (int e = 0; e < trace->n_events[d]; e++) {
                const sluice_trace_event *event = &trace->events[d][e];
                if (event->action.kind == SLUICE_REDUCE_GRAD &&
                    event->action.stage == i)
                    ns += event->end_ns - event->start_ns;
            }
            least = ns < least ? ns : least;
        }
        of[SLUICE_REDUCE_GRAD] =
            n > 1 ? least * n / (2 * (n - 1)) : of[SLUICE_UPDATE];
    }
}

sluice_status layer_times_init(struct layer_times *times, int n_layers,
                               sluice_diag *why)
{
    *times = (struct layer_times){.n_cells = n_layers * KINDS};
    times->of = calloc((size_t)times->n_cells * 2 * LAYER_TIMES_STEPS,
                       sizeof *times->of);
    if (times->of)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_NO_MEMORY,
                           "out of memory for the times of layers");
}

void layer_times_fini(struct layer_times *times)
{
    free(times->of);
    *times = (struct layer_times){0};
}

sluice_status layer_times_read(struct layer_times *times,
                               const sluice_pipeline *pipe, sluice_diag *why)
{
    struct virtual_clock clock = {0};
    sluice_trace trace, virtual;
    int n = times->n_cells / KINDS;
    int64_t *costs_ns = times->of + 2 * times->n_cells * times->n;
    sluice_status st = sluice_pipeline_trace(pipe, &trace, why);
    if (!st)
        st = virtual_clock_read(&clock, &trace, &virtual, why);
    if (!st)
        st = sluice_costs_measure(&virtual, n, SLUICE_MEDIAN, NULL, costs_ns,
                                  why);
    if (!st) {
        read_updates(&virtual, n, costs_ns);
        read_reductions(&virtual, n, costs_ns);
        read_first(&virtual, n, costs_ns, costs_ns + times->n_cells);
        times->n++;
    }
    virtual_clock_fini(&clock);
    return st;
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static int64_t middle_of(const struct layer_times *times, int cell)
{
    int64_t of[LAYER_TIMES_STEPS];
    for (int s = 0; s < times->n; s++)
        of[s] = times->of[2 * times->n_cells * s + cell];
    qsort(of, (size_t)times->n, sizeof *of, compare);
    return of[times->n / 2];
}

void layer_times_medians(const struct layer_times *times, int64_t *costs_ns,
                         int64_t *first_ns)
{
    for (int i = 0; i < times->n_cells; i++) {
        int64_t more = middle_of(times, times->n_cells + i);
        costs_ns[i] = middle_of(times, i);
        first_ns[i] = more > 0 ? more : 0;
    }
}

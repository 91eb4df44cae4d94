/* What actions cost, drawn from a trace.  Any thread; reads only. */
#include <sluice/simulate.h>

#include "base/memory.h"

/* Durations, sorted into groups by (stage, kind). */
struct sorting {
    const sluice_trace *trace;
    int n_stages;
    size_t *ends;       /* [n_stages * SLUICE_N_ACTION_KINDS]: of the group */
    int64_t *durations; /* of the trace, group after group */
};

/* Reductions and the like are no actions of a schedule. */
static bool has_cost(const sluice_trace_event *event)
{
    return event->action.kind >= 0 &&
           event->action.kind < SLUICE_N_ACTION_KINDS;
}

static size_t group_of(const sluice_trace_event *event)
{
    return (size_t)event->action.stage * SLUICE_N_ACTION_KINDS +
           (size_t)event->action.kind;
}

static sluice_status check_event(const sluice_trace_event *event, int device,
                                 int position, int n_stages, sluice_diag *why)
{
    if (event->action.stage < 0 || event->action.stage >= n_stages)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "event %d of device %d is of stage %d: the cost "
                               "table has stages 0 to %d",
                               position, device, event->action.stage,
                               n_stages - 1);
    if (event->end_ns < event->start_ns)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "event %d of device %d ends before it starts: "
                               "give the trace of a step that has ended",
                               position, device);
    int64_t ns;
    if (__builtin_sub_overflow(event->end_ns, event->start_ns, &ns))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "event %d of device %d takes more than %lld ns: "
                               "give the trace of a step that has ended",
                               position, device, (long long)INT64_MAX);
    return SLUICE_OK;
}

/* Count the events of each group, in `ends`, and of all. */
static sluice_status count(struct sorting *sorting, size_t *n_all,
                           sluice_diag *why)
{
    const sluice_trace *trace = sorting->trace;
    for (int d = 0; d < trace->n_devices; d++)
        for (int i = 0; i < trace->n_events[d]; i++) {
            const sluice_trace_event *event = &trace->events[d][i];
            if (!has_cost(event))
                continue;
            sluice_status st = check_event(event, d, i, sorting->n_stages, why);
            if (st)
                return st;
            sorting->ends[group_of(event)]++;
            ++*n_all;
        }
    return SLUICE_OK;
}

/* Counts become starts; each start, as its group fills, the end. */
static void gather(struct sorting *sorting, size_t n_groups)
{
    const sluice_trace *trace = sorting->trace;
    size_t start = 0;
    for (size_t g = 0; g < n_groups; g++) {
        size_t n = sorting->ends[g];
        sorting->ends[g] = start;
        start += n;
    }
    for (int d = 0; d < trace->n_devices; d++)
        for (int i = 0; i < trace->n_events[d]; i++) {
            const sluice_trace_event *event = &trace->events[d][i];
            if (has_cost(event))
                sorting->durations[sorting->ends[group_of(event)]++] =
                    event->end_ns - event->start_ns;
        }
}

static void swap(int64_t *a, int64_t *b)
{
    int64_t kept = *a;
    *a = *b;
    *b = kept;
}

static void sift_down(int64_t *heap, size_t n, size_t at)
{
    for (size_t child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && heap[child + 1] > heap[child])
            child++;
        if (heap[at] >= heap[child])
            return;
        swap(&heap[at], &heap[child]);
    }
}

/* Heapsort: qsort() of the C library may allocate. */
static void sort(int64_t *values, size_t n)
{
    for (size_t i = n / 2; i-- > 0;)
        sift_down(values, n, i);
    for (size_t last = n; last-- > 1;) {
        swap(&values[0], &values[last]);
        sift_down(values, last, 0);
    }
}

static int64_t median(int64_t *values, size_t n)
{
    sort(values, n);
    int64_t low = values[(n - 1) / 2];
    return low + (values[n / 2] - low) / 2;
}

static int64_t mean(const int64_t *values, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)values[i];
    double ns = sum / (double)n + 0.5;
    /* As a double, INT64_MAX is one more than itself. */
    return ns < (double)INT64_MAX ? (int64_t)ns : INT64_MAX;
}

static sluice_status measure(struct sorting *sorting, size_t n_groups,
                             sluice_average average,
                             const sluice_allocator *allocator,
                             int64_t *costs_ns, sluice_diag *why)
{
    size_t n_all = 0;
    sluice_status st = count(sorting, &n_all, why);
    if (st)
        return st;
    sorting->durations = sl_alloc(allocator, n_all, sizeof *sorting->durations);
    if (!sorting->durations)
        return sl_no_memory(why, "the durations of a trace");
    gather(sorting, n_groups);
    size_t start = 0;
    for (size_t g = 0; g < n_groups; g++) {
        int64_t *values = sorting->durations + start;
        size_t n = sorting->ends[g] - start;
        start = sorting->ends[g];
        if (n == 0)
            costs_ns[g] = g % SLUICE_N_ACTION_KINDS > SLUICE_UPDATE ? 0 : -1;
        else
            costs_ns[g] =
                average == SLUICE_MEAN ? mean(values, n) : median(values, n);
    }
    sl_free(allocator, sorting->durations, n_all, sizeof *sorting->durations);
    return SLUICE_OK;
}

sluice_status sluice_costs_measure(const sluice_trace *trace, int n_stages,
                                   sluice_average average,
                                   const sluice_allocator *allocator,
                                   int64_t *costs_ns, sluice_diag *why)
{
    if (average != SLUICE_MEDIAN && average != SLUICE_MEAN)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "average %d: give SLUICE_MEDIAN (%d) or "
                               "SLUICE_MEAN (%d)",
                               (int)average, SLUICE_MEDIAN, SLUICE_MEAN);
    size_t n_groups =
        n_stages > 0 ? (size_t)n_stages * SLUICE_N_ACTION_KINDS : 0;
    struct sorting sorting = {.trace = trace, .n_stages = n_stages};
    sorting.ends = sl_alloc(allocator, n_groups, sizeof *sorting.ends);
    if (!sorting.ends)
        return sl_no_memory(why, "the durations of a trace");
    sluice_status st =
        measure(&sorting, n_groups, average, allocator, costs_ns, why);
    sl_free(allocator, sorting.ends, n_groups, sizeof *sorting.ends);
    return st;
}

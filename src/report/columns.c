/* Time in columns.  Any thread. */
#include "report/columns.h"

#include <math.h>
#include <string.h>

struct sl_time_span sl_span_of(const sluice_trace *trace)
{
    struct sl_time_span span = {INT64_MAX, INT64_MIN};
    for (int d = 0; d < trace->n_devices; d++) {
        int n = trace->n_events[d];
        if (!n)
            continue;
        if (trace->events[d][0].start_ns < span.start_ns)
            span.start_ns = trace->events[d][0].start_ns;
        if (trace->events[d][n - 1].end_ns > span.end_ns)
            span.end_ns = trace->events[d][n - 1].end_ns;
    }
    if (span.start_ns > span.end_ns)
        span.start_ns = span.end_ns = trace->start_ns;
    return span;
}

static double place(struct sl_time_span span, int columns, int64_t ns)
{
    return (double)(ns - span.start_ns) * columns / (double)sl_span_ns(span);
}

struct sl_time_span sl_span_at_least(const sluice_trace *trace,
                                     int64_t least_ns)
{
    struct sl_time_span span = sl_span_of(trace);
    if (span.end_ns - span.start_ns < least_ns)
        span.end_ns = span.start_ns + least_ns;
    return span;
}

int sl_column_of(struct sl_time_span span, int columns, int64_t ns)
{
    return (int)lround(place(span, columns, ns));
}

/* A column being added up: how much of it each kind takes. */
struct column {
    int at;
    double shares[SL_N_TRACED_KINDS];
};

static void close_column(struct column *column, unsigned char *shows)
{
    double idle = 1, most = 0;
    unsigned char shown = SL_IDLE_COLUMN;
    for (unsigned char k = 0; k < SL_N_TRACED_KINDS; k++) {
        idle -= column->shares[k];
        if (column->shares[k] > most) {
            most = column->shares[k];
            shown = k;
        }
    }
    shows[column->at] = most > 0 && most >= idle ? shown : SL_IDLE_COLUMN;
    memset(column->shares, 0, sizeof column->shares);
    column->at++;
}

/* Events come in order, so that one column is open at a time. */
void sl_columns_fill(const sluice_trace *trace, int device,
                     struct sl_time_span span, int columns,
                     unsigned char *shows)
{
    struct column column = {0};
    for (int i = 0; i < trace->n_events[device]; i++) {
        const sluice_trace_event *e = &trace->events[device][i];
        double from = place(span, columns, e->start_ns);
        double to = place(span, columns, e->end_ns);
        while (column.at < columns && column.at + 1 <= from)
            close_column(&column, shows);
        while (column.at < columns && from < to) {
            double edge = column.at + 1 < to ? column.at + 1 : to;
            column.shares[e->action.kind] += edge - from;
            from = edge;
            if (column.at + 1 <= edge)
                close_column(&column, shows);
        }
    }
    while (column.at < columns)
        close_column(&column, shows);
}

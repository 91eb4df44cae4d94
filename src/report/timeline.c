/* The timeline for a terminal.  Any thread. */
#include <sluice/report.h>

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/columns.h"
#include "attribution/idle.h"
#include "attribution/trace_index.h"
#include "report/out.h"

enum {
    DEFAULT_COLUMNS = 80,
    MARGIN = 3,      /* " |" before a row's columns, "|" after them */
    SHARE_BYTES = 8, /* "  75.0 %" */
};

static const char letters[] = {
    [SLUICE_F] = 'F',       [SLUICE_B] = 'B',       [SLUICE_I] = 'I',
    [SLUICE_W] = 'W',       [SLUICE_R] = 'R',       [SLUICE_UPDATE] = 'U',
    [SLUICE_S] = 'S',       [SLUICE_T] = 'T',       [SLUICE_REDUCE_GRAD] = 'G',
    [SLUICE_UNSHARD] = 'A', [SLUICE_RESHARD] = 'Z', [SL_IDLE_COLUMN] = '.',
};

/* Letter and micro-batch of an action on row[n], and '-' for its going on. */
static void label(char *row, int n, sluice_action action)
{
    char text[SLUICE_DIAG_ACTION];
    int length = snprintf(text, sizeof text, "%c%" PRId32, letters[action.kind],
                          action.microbatch);
    memset(row, '-', (size_t)n);
    row[0] = letters[action.kind];
    if (length <= n)
        memcpy(row, text, (size_t)length);
}

/* A column that two labelled actions share, each less than half of it, belongs
 * to the first of them. */
static void join(char *row, int from, int to)
{
    for (int c = from; c < to; c++)
        if (row[c] != letters[SL_IDLE_COLUMN])
            row[c] = '-';
}

static void label_actions(char *row, const sluice_trace *trace, int device,
                          struct sl_time_span span, int columns)
{
    int labelled = columns; /* end of the action before, if that is labelled */
    for (int i = 0; i < trace->n_events[device]; i++) {
        const sluice_trace_event *e = &trace->events[device][i];
        int from = sl_column_of(span, columns, e->start_ns);
        int to = sl_column_of(span, columns, e->end_ns);
        bool fits = to - from >= 2 && sl_computes(e->action);
        if (fits) {
            join(row, labelled, from);
            label(row + from, to - from, e->action);
        }
        labelled = fits ? to : columns;
    }
}

static void draw_row(struct sl_out *out, const sluice_trace *trace, int device,
                     struct sl_time_span span, int columns)
{
    unsigned char shows[SLUICE_MAX_COLUMNS];
    char row[SLUICE_MAX_COLUMNS];
    sl_columns_fill(trace, device, span, columns, shows);
    for (int c = 0; c < columns; c++)
        row[c] = letters[shows[c]];
    label_actions(row, trace, device, span, columns);
    sl_out_bytes(out, row, (size_t)columns);
}

static void draw_axis(struct sl_out *out, struct sl_time_span span, int indent,
                      int columns)
{
    static const char begin[] = "0 ms";
    char end[40], line[SLUICE_MAX_COLUMNS + 1];
    int64_t us = (span.end_ns - span.start_ns + 500) / 1000;
    int n = snprintf(end, sizeof end, "%" PRId64 ".%03" PRId64 " ms", us / 1000,
                     us % 1000);
    memset(line, ' ', sizeof line);
    memcpy(line + indent, begin, strlen(begin));
    if (n + (int)strlen(begin) < columns)
        memcpy(line + indent + columns - n, end, (size_t)n);
    line[indent + columns] = '\n';
    sl_out_bytes(out, line, (size_t)(indent + columns + 1));
}

/* The share of the formula's window in which the device computes. */
static int64_t busy_per_mille(const struct sl_index *index, int device)
{
    int64_t window = index->end_ns - index->start_ns;
    double busy = (double)sl_computing_ns(index, device);
    return window ? llround(busy * 1000 / (double)window) : 0;
}

static void draw(struct sl_out *out, const struct sl_index *index,
                 const sluice_report_config *config, int width)
{
    const char *title = config->title;
    const sluice_trace *trace = index->trace;
    struct sl_time_span span = sl_span_at_least(trace, config->span_ns);
    int digits = snprintf(NULL, 0, "%d", trace->n_devices - 1);
    int columns = width - digits - MARGIN - SHARE_BYTES;
    if (title) {
        sl_out_text(out, title);
        sl_out_text(out, "\n");
    }
    for (int d = 0; d < trace->n_devices; d++) {
        sl_out_format(out, "%*d |", digits, d);
        draw_row(out, trace, d, span, columns);
        int64_t busy = busy_per_mille(index, d);
        sl_out_format(out, "| %*s", busy < 100 ? 2 : busy < 1000, "");
        sl_out_decimal(out, busy, 1);
        sl_out_text(out, " %\n");
    }
    draw_axis(out, span, digits + 2, columns);
}

static sluice_status check(const sluice_report_config *config, int *columns,
                           sluice_diag *why)
{
    *columns = config->columns ? config->columns : DEFAULT_COLUMNS;
    if (*columns >= SLUICE_MIN_COLUMNS && *columns <= SLUICE_MAX_COLUMNS)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "a timeline of %d columns; give %d to %d, or 0 for "
                           "%d",
                           *columns, SLUICE_MIN_COLUMNS, SLUICE_MAX_COLUMNS,
                           DEFAULT_COLUMNS);
}

sluice_status sluice_report_text(const sluice_trace *trace,
                                 const sluice_report_config *config,
                                 sluice_sink sink, sluice_diag *why)
{
    static const sluice_report_config defaults;
    struct sl_index index;
    struct sl_out out;
    int columns;
    if (!config)
        config = &defaults;
    sluice_status st = check(config, &columns, why);
    if (!st)
        st = sl_index_init(&index, trace, config->allocator, why);
    if (st)
        return st;
    sl_out_init(&out, sink, why);
    draw(&out, &index, config, columns);
    sl_index_fini(&index);
    return sl_out_finish(&out);
}

/*
 * A device's time in columns of equal width, and what each of them shows.  Any
 * thread.
 */
#ifndef SL_REPORT_COLUMNS_H
#define SL_REPORT_COLUMNS_H

#include "attribution/trace_index.h"

#include <stdint.h>

#include <sluice/trace.h>

enum { SL_IDLE_COLUMN = SL_N_TRACED_KINDS };

/* What a picture shows: from the first start to the last end of an action. */
struct sl_time_span {
    int64_t start_ns;
    int64_t end_ns;
};

struct sl_time_span sl_span_of(const sluice_trace *trace);

/* The same, and at least `least_ns` long. */
struct sl_time_span sl_span_at_least(const sluice_trace *trace,
                                     int64_t least_ns);

/* Place of a time among `columns`, from 0 to `columns`, rounded. */
int sl_column_of(struct sl_time_span span, int columns, int64_t ns);

/*
 * Fill shows[columns] with the kind of action that takes most of each column,
 * or SL_IDLE_COLUMN if none takes any of its time, or idle time takes more.
 */
void sl_columns_fill(const sluice_trace *trace, int device,
                     struct sl_time_span span, int columns,
                     unsigned char *shows);

/* The span in nanoseconds, at least 1. */
static inline int64_t sl_span_ns(struct sl_time_span span)
{
    return span.end_ns > span.start_ns ? span.end_ns - span.start_ns : 1;
}

#endif

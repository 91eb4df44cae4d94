/* How far a long measurement is, on a terminal. */
#ifndef BENCH_OUTPUT_PROGRESS_H
#define BENCH_OUTPUT_PROGRESS_H

#include <stdint.h>
#include <stdio.h>

struct progress {
    FILE *out; /* NULL: it is no terminal, nothing is shown */
    int total; /* measurements to do */
    int done;
    int64_t start_ns;
};

/* Show that none of `total` measurements is done, if `out` is a terminal; on
 * anything else this and the following functions write nothing. */
void progress_begin(struct progress *progress, FILE *out, int total);

/* One more is done. */
void progress_step(struct progress *progress);

/* Erase the line: before other output, and at the end. */
void progress_erase(const struct progress *progress);

#endif

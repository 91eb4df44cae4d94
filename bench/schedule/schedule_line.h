/* The command line of `sluice schedule` as it was read. */
#ifndef BENCH_SCHEDULE_SCHEDULE_LINE_H
#define BENCH_SCHEDULE_SCHEDULE_LINE_H

#include <stdbool.h>

#include "bench/output/table.h"
#include "bench/schedule/show/schedule_print.h"
#include "bench/schedule/schedule_run.h"
#include "bench/schedule/schedule_wanted.h"

enum schedule_task {
    SCHEDULE_PRINT,
    SCHEDULE_LIST,
    SCHEDULE_CHECK,
    SCHEDULE_SIMULATE,
    SCHEDULE_RUN,
    SCHEDULE_COMPARE,
    SCHEDULE_RECOMMEND,
};

/* What was asked for, as long as it is not known what goes together. */
struct schedule_request {
    const char *output; /* NULL: the task's own */
    bool lists;
    bool simulates;
    bool runs;
    bool recommends;
};

/* The command line as it was read. */
struct schedule_line {
    enum schedule_task task;
    struct schedule_wanted wanted; /* of the one schedule, or of each */
    struct schedule_run_config run;
    bool measures;       /* SCHEDULE_RUN, or SCHEDULE_COMPARE with --run */
    const char *draw;    /* NULL: nothing */
    const char *check;   /* the file to be proved */
    const char *compare; /* "NAME,NAME" */
    bool strict;
    struct schedule_request request;
    const struct schedule_format *format;    /* of SCHEDULE_PRINT */
    const struct table_format *table_format; /* of all that write tables */
};

#endif

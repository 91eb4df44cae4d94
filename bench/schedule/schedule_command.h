/* `sluice schedule`: print, prove, price, draw, run and compare schedules. */
#ifndef BENCH_SCHEDULE_SCHEDULE_COMMAND_H
#define BENCH_SCHEDULE_SCHEDULE_COMMAND_H

#include <stdbool.h>

#include <argp.h>

#include "bench/schedule/schedule_print.h"
#include "bench/schedule/schedule_run.h"
#include "bench/schedule/schedule_wanted.h"
#include "bench/output/table.h"

enum schedule_task {
    SCHEDULE_PRINT,
    SCHEDULE_LIST,
    SCHEDULE_CHECK,
    SCHEDULE_SIMULATE,
    SCHEDULE_RUN,
    SCHEDULE_COMPARE,
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
    const struct schedule_format *format;    /* of SCHEDULE_PRINT */
    const struct table_format *table_format; /* of all that write tables */
};

/* Read the command line, or end the program with a sentence. */
void schedule_options_parse(int argc, char **argv, struct schedule_line *line);

/* The command; returns the exit status. */
int schedule_command(int argc, char **argv);

#endif

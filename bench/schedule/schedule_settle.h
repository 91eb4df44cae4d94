/*
 * What a command line of `sluice schedule` comes to: options that exclude or
 * need each other, names that exist.
 */
#ifndef BENCH_SCHEDULE_SCHEDULE_SETTLE_H
#define BENCH_SCHEDULE_SCHEDULE_SETTLE_H

#include <stdbool.h>

#include <argp.h>

#include "bench/schedule/schedule_command.h"

/* What was asked for, as long as it is not known what goes together. */
struct schedule_request {
    const char *output; /* NULL: the task's own */
    bool simulates;
    bool runs;
};

/* Set the task, the output and what else follows from the whole line, or end
 * the program with a sentence. */
void schedule_settle(struct argp_state *state, struct schedule_line *line,
                     const struct schedule_request *request);

#endif

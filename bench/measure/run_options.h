/* Options that the commands which measure share. */
#ifndef BENCH_MEASURE_RUN_OPTIONS_H
#define BENCH_MEASURE_RUN_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/world.h>

#include "bench/cli/option.h"
#include "bench/measure/samples.h"
#include "bench/output/environment.h"
#include "bench/output/table.h"

/* Steps. */
struct run_options {
    int warmup;          /* steps before those that are timed */
    int repetitions;     /* steps that are timed */
    uint64_t seed;       /* of parameters, inputs and targets */
    sluice_world *world; /* no option: the processes of the command; NULL */
    const char *draw; /* a file for a picture of the last step of all; NULL */
};

/* What is written, and whether the run is a small one for a test. */
struct output_options {
    const struct table_format *format; /* NULL until output_begin() */
    bool smoke;
};

/* Their options; of output by what a command's tables show, as
 * table_formats.h. */
extern const struct option_row run_options[];
extern const struct option_row output_options[];
extern const struct option_row timed_output_options[];
extern const struct option_row bubble_output_options[];

/* Those of a measurement, and one of the lists of output, as groups of a
 * command whose config is a `type`. */
#define RUN_GROUPS(type, run_member, output_member, output_list)               \
    {.title = "Measurement",                                                   \
     .options = run_options,                                                   \
     .offset = offsetof(type, run_member)},                                    \
    {                                                                          \
        .title = "Output", .options = (output_list),                           \
        .offset = offsetof(type, output_member)                                \
    }

/* Begin the table on stdout, Markdown unless another was asked for. */
void output_begin(const struct output_options *output, struct table *table);

/* The context that all tables of measurements share. */
void add_environment(struct table_fields *fields,
                     const struct environment *env);
void run_context(const struct run_options *run, struct table_fields *fields);

/* How many parameters are wrong; empty if there was no reference: -1. */
void add_wrong(struct table_fields *fields, int64_t wrong);

/* A step's time: median, extremes and samples. */
void add_step(struct table_fields *fields, const struct samples *samples);

#endif

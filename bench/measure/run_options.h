/* Options that the commands which measure share. */
#ifndef BENCH_MEASURE_RUN_OPTIONS_H
#define BENCH_MEASURE_RUN_OPTIONS_H

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>

#include "bench/output/environment.h"
#include "bench/cli/option.h"
#include "bench/cli/range.h"
#include "bench/measure/samples.h"
#include "bench/output/table.h"

/* Steps; 0 and RUN_NOT_GIVEN until run_options_complete(). */
struct run_options {
    int warmup;       /* steps before those that are timed */
    int repetitions;  /* steps that are timed */
    uint64_t seed;    /* of parameters, inputs and targets */
    const char *draw; /* a file for a picture of the last step of all; NULL */
};

#define RUN_OPTIONS_NONE                                                       \
    {                                                                          \
        .warmup = -1, .seed = 1                                                \
    }

/* What is written, and whether the run is a small one for a test. */
struct output_options {
    const struct table_format *format; /* NULL until output_begin() */
    bool timed; /* set by the command: its rows have samples */
    bool smoke;
};

/* The argp children of a command that writes a table; its input 0 is a struct
 * output_options.  Words that are no options are refused. */
extern const struct argp_child output_children[];

/* The parser of struct run_options alone. */
extern const struct argp run_argp;

/* Those of a command that measures steps, and their inputs. */
extern const struct argp_child measure_children[];
void measure_inputs(struct argp_state *state, struct order_options *order,
                    struct run_options *run, struct output_options *output);

/* Fill in what was not given: 2 and 5 steps, 1 and 2 in a small run. */
void run_options_complete(struct run_options *run, bool smoke);

/* Begin the table on stdout, Markdown unless another was asked for. */
void output_begin(const struct output_options *output, struct table *table);

/* Parse, or end the program with a sentence. */
void option_list(struct argp_state *state, const char *option, const char *text,
                 int max, struct range *range);
void option_cell(struct argp_state *state, const char *text, int64_t *cell_ns);
void option_bytes(struct argp_state *state, const char *option,
                  const char *text, uint64_t *bytes);

/* The context that all tables of measurements share. */
void add_environment(struct table_fields *fields,
                     const struct environment *env);
void add_order(struct table_fields *fields, const struct order_options *order);
void add_run(struct table_fields *fields, const struct run_options *run);

/* A step's time: median, extremes and samples. */
void add_step(struct table_fields *fields, const struct samples *samples);

#endif

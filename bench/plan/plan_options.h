/* The options of `sluice plan`. */
#ifndef BENCH_PLAN_PLAN_OPTIONS_H
#define BENCH_PLAN_PLAN_OPTIONS_H

#include "bench/measure/run_options.h"
#include "bench/plan/planning.h"

/* The command line as it is read. */
struct plan_line {
    struct planning_config config;
    struct output_options output;
};

/* Model and batch, in a planning_config: `sluice advise` has them, too. */
extern const struct option_row plan_work[];

extern const struct option_group plan_groups[];
extern const char plan_doc[];

/* What is the same in every row of its table. */
void plan_context(const struct planning_config *config,
                  struct table_fields *fields);

#endif

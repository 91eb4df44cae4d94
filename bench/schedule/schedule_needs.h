/* What options of `sluice schedule` need in order to have an effect. */
#ifndef BENCH_SCHEDULE_SCHEDULE_NEEDS_H
#define BENCH_SCHEDULE_SCHEDULE_NEEDS_H

#include <stdbool.h>

#include "bench/cli/option.h"

/* Whether a list of names between commas, which may be NULL, has this one. */
bool schedule_list_has(const char *list, const char *name);

/* Whether a schedule of the list reads an option of generators. */
bool schedule_any_reads(const char *list, const char *option);

/* As option_group.needs, of a schedule_line whose task is settled. */
const char *schedule_shape_needs(const void *line,
                                 const struct option_row *option);
const char *schedule_costs_need(const void *line,
                                const struct option_row *option);
const char *schedule_running_needs(const void *line,
                                   const struct option_row *option);
const char *schedule_run_needs(const void *line,
                               const struct option_row *option);
const char *schedule_output_needs(const void *line,
                                  const struct option_row *option);

#endif

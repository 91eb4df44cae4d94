/* The options of `sluice schedule`: what it prints, proves, prices, draws, runs
 * or compares. */
#ifndef BENCH_SCHEDULE_SCHEDULE_OPTIONS_H
#define BENCH_SCHEDULE_SCHEDULE_OPTIONS_H

#include "bench/cli/option.h"
#include "bench/schedule/schedule_line.h"

extern const struct option_group schedule_groups[]; /* of a schedule_line */
extern const char schedule_doc[];                   /* of --help */

#endif

/* Options about what a training keeps: of struct keeping_config. */
#ifndef BENCH_TRAIN_KEEP_KEEPING_OPTIONS_H
#define BENCH_TRAIN_KEEP_KEEPING_OPTIONS_H

#include "bench/cli/option.h"

extern const struct option_row keeping_options[];

/* `needs` and `check` of their group. */
const char *keeping_needs(const void *config, const struct option_row *option);
sluice_status keeping_check(const void *values, sluice_diag *why);

#endif

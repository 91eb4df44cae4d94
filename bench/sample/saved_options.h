/* Options about a file of trained parameters: of struct saved_source. */
#ifndef BENCH_SAMPLE_SAVED_OPTIONS_H
#define BENCH_SAMPLE_SAVED_OPTIONS_H

#include "bench/cli/option.h"

extern const struct option_row saved_options[];

#endif

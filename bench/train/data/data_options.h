/* The options of `sluice train` about its rows. */
#ifndef BENCH_TRAIN_DATA_DATA_OPTIONS_H
#define BENCH_TRAIN_DATA_DATA_OPTIONS_H

#include "bench/cli/option.h"

extern const struct option_row data_options[]; /* of a source_config */

#endif

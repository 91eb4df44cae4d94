/* The options of `sluice train`. */
#ifndef BENCH_TRAIN_TRAIN_OPTIONS_H
#define BENCH_TRAIN_TRAIN_OPTIONS_H

#include "bench/cli/option.h"
#include "bench/train/training_config.h"

extern const struct option_group train_groups[]; /* of a training_config */

/* What a command line without options asks for. */
struct training_config training_standards(void);

#endif

/* Options about adapting: of struct adapt_config. */
#ifndef BENCH_TRAIN_ADAPT_ADAPT_OPTIONS_H
#define BENCH_TRAIN_ADAPT_ADAPT_OPTIONS_H

#include "bench/cli/option.h"

extern const struct option_row adapt_options[];

/* `needs` of their group; the config is a training's. */
const char *adapt_needs(const void *config, const struct option_row *option);

#endif

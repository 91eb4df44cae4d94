/* The training that the programs do by themselves. */
#include "bench/train/training_config.h"

#include <sluice/pipeline.h>

const struct training_config training_defaults = {
    .model = "-256-128-100-10",
    .devices = 2,
    .microbatches = 8,
    .batch = 256,
    .cut = SLUICE_CUT_FLOPS,
    .order = ORDER_DEFAULTS,
    .sgd = {.learning_rate = 0.02, .momentum = 0.9},
    .seed = 1,
    .epochs = 10,
};

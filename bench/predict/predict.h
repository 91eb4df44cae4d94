/* `sluice predict`: what a trained model puts out for rows. */
#ifndef BENCH_PREDICT_PREDICT_H
#define BENCH_PREDICT_PREDICT_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/cli/option.h"
#include "bench/sample/saved_model.h"

struct predict_config {
    struct saved_source saved;
    const char *x;
    const char *outputs; /* the file to be written */
    bool raw;
    int64_t batch;
};

extern const struct option_group predict_groups[];

#endif

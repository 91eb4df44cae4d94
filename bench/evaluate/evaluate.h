/* `sluice evaluate`: the loss of a trained model on data. */
#ifndef BENCH_EVALUATE_EVALUATE_H
#define BENCH_EVALUATE_EVALUATE_H

#include "bench/cli/option.h"
#include "bench/sample/saved_model.h"
#include "bench/train/data/training_data.h"

#include <sluice/loss.h>

struct evaluate_config {
    struct saved_source saved;
    struct source_config source;
    sluice_loss_choice loss; /* ops NULL: the first for the data's targets */
    int64_t batch;
};

extern const struct option_group evaluate_groups[];

#endif

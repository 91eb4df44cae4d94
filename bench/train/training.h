/*
 * A whole training as `sluice train` and the headline run it: data, model,
 * pipeline, epochs, and what is told about them.
 */
#ifndef BENCH_TRAIN_TRAINING_H
#define BENCH_TRAIN_TRAINING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <sluice/loss.h>
#include <sluice/model.h>
#include <sluice/optimizer.h>
#include <sluice/pipeline.h>
#include <sluice/status.h>

#include "bench/output/environment.h"
#include "bench/cli/option.h"
#include "bench/cli/range.h"
#include "bench/train/training_data.h"

struct training_config {
    struct source_config source;
    const char *model;   /* as sluice_model_parse(); before a '-' stands the
                            width of the data's rows */
    const char *weights; /* a safetensors file; NULL: from the seed */
    int devices;
    int microbatches;
    int64_t batch;
    bool uneven;            /* M need not divide the batch */
    int cut;                /* a sluice_cut */
    struct range partition; /* for SLUICE_CUT_LIST */
    struct order_options order;
    const sluice_loss_ops *loss; /* NULL: cross-entropy if there are classes,
                                    else mean squared error */
    sluice_sgd_config sgd;
    uint64_t seed;
    int epochs;
    double target_accuracy; /* of the test part; 0: none */
    bool in_order;
    bool keep_going;     /* when a loss is NaN or infinite */
    uint64_t cap_bytes;  /* of a device; 0: none */
    const char *metrics; /* a file for JSON lines; NULL: none */
    const char *trace;   /* a file for a picture of the last step; NULL: none */
    bool quiet;          /* only errors are told */
};

/* The training that the programs do by themselves. */
extern const struct training_config training_defaults;

/*
 * Train and tell `out` about it.
 *
 * Returns  SLUICE_OK with `*accuracy`, that of the test part in the end (0 if
 *          there is none); or the first error.
 */
sluice_status training_run(const struct training_config *config,
                           const struct environment *env, FILE *out,
                           double *accuracy, sluice_diag *why);

#endif

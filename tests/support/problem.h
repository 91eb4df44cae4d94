/*
 * Small training problems for the tests of the pipeline: a model, a loss, an
 * optimizer, and rows of data.
 */
#ifndef SL_TEST_PROBLEM_H
#define SL_TEST_PROBLEM_H

#include <stdint.h>

#include <sluice/model.h>
#include <sluice/optimizer.h>
#include <sluice/pipeline.h>

#include "support/probe.h"

enum sl_test_kind {
    SL_TEST_RELU,    /* relu, cross-entropy, plain SGD */
    SL_TEST_DROPOUT, /* tanh and dropout, squared error, momentum */
    SL_TEST_NORM,    /* gelu and layer norm, cross-entropy, Nesterov */
    SL_TEST_BLOCKS,  /* residual blocks with norm, gelu, dropout; cross-entropy,
                        momentum */
    SL_TEST_TOKENS,  /* the lookup of integers of tokens.h, tanh and dropout;
                        cross-entropy, momentum */
    SL_TEST_GPT,     /* embeddings of tokens, blocks of attention with rotary
                        positions, shared heads and dropout, a head for each
                        position; cross-entropy, momentum */
    SL_TEST_PROBE,   /* the probe layer and loss of probe.h */
    SL_TEST_SKIPS,   /* skip connections, from 8 layers on two, one inside the
                        other; cross-entropy, momentum */
    SL_TEST_TIED,    /* tanh, the head tied to a layer near the front and every
                        second layer to the third one; cross-entropy, momentum
                        and clip.  At least 4 layers, no asynchronous schedule
                        */
    SL_TEST_MIXED,   /* tanh and the probe layer, squared error, plain SGD */
};

enum { SL_TEST_KINDS = SL_TEST_PROBE }; /* those that compute something real */

enum { SL_TEST_MOST_OUT = 30 }; /* elements of a row of any one's output */

struct sl_test_problem {
    sluice_model *model;
    sluice_pipeline_config config; /* without devices and micro-batches */
    sluice_sgd_config sgd;
    struct sl_test_probe probe; /* may be set before init() */
    int64_t n_rows;
    int64_t in;          /* elements of a row of x */
    int64_t out;         /* elements of a row of the output */
    size_t target_bytes; /* of a row */
    union {
        float *x;        /* x[n_rows][in] */
        int32_t *tokens; /* the same of SL_TEST_TOKENS and SL_TEST_GPT */
    };
    char *targets; /* n_rows * target_bytes */
};

/*
 * Make a problem of `layers` layers, a batch of `batch` rows, and three times
 * as many rows of data; everything of the library from `allocator`.  Matrix
 * products are made by the backend that SLUICE_TEST_GEMM in the environment
 * names, and in the precision of SLUICE_TEST_PRECISION, if they are set.
 *
 * Returns  SLUICE_OK; SLUICE_NO_MEMORY, with nothing to be freed.
 */
sluice_status sl_test_problem_init(struct sl_test_problem *problem,
                                   enum sl_test_kind kind, int layers,
                                   int64_t batch,
                                   const sluice_allocator *allocator);

void sl_test_problem_fini(struct sl_test_problem *problem);

/* The rows of data from `row` on. */
const void *sl_test_x(const struct sl_test_problem *problem, int64_t row);
const void *sl_test_targets(const struct sl_test_problem *problem, int64_t row);

/* What the generator `name` writes, if queues of `capacity` carry it; else
 * NULL. */
sluice_schedule *sl_test_runnable(const char *name, int devices,
                                  int microbatches, int capacity);

#endif

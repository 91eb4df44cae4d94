/*
 * A pipeline against the sequential reference: not one bit may differ.
 */
#ifndef SL_TEST_JUDGE_H
#define SL_TEST_JUDGE_H

#include <stdint.h>

#include <sluice/pipeline.h>
#include <sluice/reference.h>

#include "support/problem.h"

/* A pipeline, its reference, and the problem that both work on. */
struct sl_test_pair {
    const struct sl_test_problem *problem;
    sluice_pipeline *pipe;
    sluice_reference *ref;
    sluice_diag why; /* of the last call that failed */
    char text[640];  /* what differed last */
};

/* Make both.  Nothing is made if either fails. */
sluice_status sl_test_pair_init(struct sl_test_pair *pair,
                                const struct sl_test_problem *problem,
                                const sluice_pipeline_config *config);

/* Let the reference's micro-batches go through `copies` copies, as those of a
 * bidirectional schedule: as many through each, the first ones through the
 * first. */
void sl_test_halves(struct sl_test_pair *pair, int copies, int microbatches);

void sl_test_pair_fini(struct sl_test_pair *pair);

/*
 * Each of these makes the same call on both, with the `rows` rows of data from
 * `row` on, and compares: the results; and after a step every parameter and
 * every gradient.
 *
 * Returns  the number of differing values, a call that failed counting as one;
 *          then `text` says what.
 */
long sl_test_step(struct sl_test_pair *pair, int64_t row, int64_t rows);
long sl_test_evaluate(struct sl_test_pair *pair, int64_t row, int64_t rows);
long sl_test_infer(struct sl_test_pair *pair, int64_t row, int64_t rows);

/* Compare the parameters as they are. */
long sl_test_parameters(struct sl_test_pair *pair);

#endif

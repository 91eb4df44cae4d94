/*
 * Sums over the rows of an epoch, from which the means come: each term that
 * counts weighs the same, whatever the size of its batch.
 *
 * Threads: any; no state.
 */
#ifndef SL_TRAIN_TALLY_H
#define SL_TRAIN_TALLY_H

#include <stdint.h>

#include <sluice/pipeline.h>

struct sl_tally {
    double loss; /* means of batches, each times the rows that its terms make */
    int64_t correct; /* terms */
    int64_t rows;
    int64_t ignored;   /* terms of these rows that do not count */
    int64_t row_terms; /* of one row, as the loss has it; set by the caller */
};

/* Add the rows of a step or an evaluation. */
void sl_tally_add(struct sl_tally *tally, const sluice_result *result);

/* The mean over the terms that count; 0 if there are none. */
double sl_tally_loss(const struct sl_tally *tally);

/* The share of the terms that count that is correct; 0 if there are none. */
double sl_tally_accuracy(const struct sl_tally *tally);

#endif

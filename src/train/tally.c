/* Sums over the rows of an epoch.  Any thread; no state. */
#include "train/tally.h"

/* As many rows as the terms of them that count make. */
static double as_rows(const struct sl_tally *tally, int64_t rows,
                      int64_t ignored)
{
    return (double)rows - (double)ignored / (double)tally->row_terms;
}

void sl_tally_add(struct sl_tally *tally, const sluice_result *result)
{
    int64_t ignored = result->rows * tally->row_terms - result->terms;
    tally->loss += result->loss * as_rows(tally, result->rows, ignored);
    tally->correct += result->correct;
    tally->rows += result->rows;
    tally->ignored += ignored;
}

double sl_tally_loss(const struct sl_tally *tally)
{
    double rows = as_rows(tally, tally->rows, tally->ignored);
    return rows > 0 ? tally->loss / rows : 0;
}

double sl_tally_accuracy(const struct sl_tally *tally)
{
    int64_t terms = tally->rows * tally->row_terms - tally->ignored;
    return terms > 0 ? (double)tally->correct / (double)terms : 0;
}

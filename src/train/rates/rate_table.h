/*
 * The table of learning-rate rules.  To add one, write its file, which defines
 * a function that returns its sluice_rate_ops, and put the name of that
 * function here.
 */
#ifndef SL_TRAIN_RATES_RATE_TABLE_H
#define SL_TRAIN_RATES_RATE_TABLE_H

#include <sluice/rate.h>

#include "nn/rows/row.h"

/* The first one is the usual one. */
/* clang-format off */
#define SL_RATES(ROW) \
    ROW(sluice_rate_constant) \
    ROW(sluice_rate_cosine) \
    ROW(sluice_rate_linear) \
    ROW(sluice_rate_step) \
    ROW(sluice_rate_warmup_stable_decay) \
    /* the end: each row ends with a backslash */
/* clang-format on */

#define SL_DECLARE_RATE(row) const sluice_rate_ops *row(void);
SL_RATES(SL_DECLARE_RATE)

/* What all tables have in common. */
sl_rows sl_rate_rows;

#endif

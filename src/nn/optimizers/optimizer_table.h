/*
 * The table of optimizers.  To add one, write its file, which defines a
 * function that returns its sluice_optimizer_ops, and put the name of that
 * function here.  Unless a public header declares it, the file includes this
 * one.
 */
#ifndef SL_NN_OPTIMIZERS_OPTIMIZER_TABLE_H
#define SL_NN_OPTIMIZERS_OPTIMIZER_TABLE_H

#include <sluice/optimizer.h>

#include "nn/rows/row.h"

/* The first one is the usual one. */
/* clang-format off */
#define SL_OPTIMIZERS(ROW) \
    ROW(sluice_sgd) \
    ROW(sluice_adam) \
    ROW(sluice_adamw) \
    ROW(sluice_rmsprop) \
    /* the end: each row ends with a backslash */
/* clang-format on */

#define SL_DECLARE_OPTIMIZER(row) const sluice_optimizer_ops *row(void);
SL_OPTIMIZERS(SL_DECLARE_OPTIMIZER)

/* What all tables have in common. */
sl_rows sl_optimizer_rows;

#endif

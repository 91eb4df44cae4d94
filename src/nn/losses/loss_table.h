/*
 * The table of losses.  To add one, write its file, which defines a function
 * that returns its sluice_loss_ops, and put the name of that function here.
 * Unless a public header declares the function, the file includes this one.
 */
#ifndef SL_NN_LOSSES_LOSS_TABLE_H
#define SL_NN_LOSSES_LOSS_TABLE_H

#include <sluice/loss.h>

#include "nn/rows/row.h"

/* In the order in which sluice_loss_for() tries them. */
/* clang-format off */
#define SL_LOSSES(ROW) \
    ROW(sluice_cross_entropy) \
    ROW(sluice_mean_squared_error) \
    /* the end: each row ends with a backslash */
/* clang-format on */

#define SL_DECLARE_LOSS(row) const sluice_loss_ops *row(void);
SL_LOSSES(SL_DECLARE_LOSS)

/* What all tables have in common. */
sl_rows sl_loss_rows;

#endif

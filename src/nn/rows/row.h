/*
 * Rows: what the tables of layers, losses and optimizers have in common.  Each
 * table is in a file of its own and gives its rows through a sl_rows function.
 *
 * Threads: any; no state.
 */
#ifndef SL_NN_ROWS_ROW_H
#define SL_NN_ROWS_ROW_H

#include <stdbool.h>
#include <stddef.h>

#include <sluice/options.h>

#include "base/text/option_value.h"

struct sl_row {
    sluice_option_table table; /* its owner is the row's name */
    size_t config_bytes;
};

/* Row `i` of a table.  Returns false behind the last. */
typedef bool sl_rows(int i, struct sl_row *row);

/*
 * Look a row up by name; `kind` is what the rows are: "optimizer".
 *
 * Returns  SLUICE_OK; SLUICE_NOT_FOUND with the names there are.
 */
sluice_status sl_row_find(const char *kind, sl_rows *rows, struct sl_span name,
                          int *index, sluice_diag *why);

/*
 * Read "NAME" or "NAME:option=value,...": the row and its config, whose rest is
 * zero.  NULL or "" stands for the first row with its defaults.
 *
 * Returns  SLUICE_OK; SLUICE_NOT_FOUND as sl_row_find(), SLUICE_INVALID as
 *          sluice_options_parse().
 */
sluice_status sl_row_parse(const char *kind, sl_rows *rows, const char *text,
                           int *index, sluice_config_room *config,
                           sluice_diag *why);

#endif

/* A table of devices by micro-batches: each cell has the bubble as it was
 * measured and what the formula says, in per cent. */
#ifndef BENCH_OUTPUT_FORMATS_TABLE_MATRIX_H
#define BENCH_OUTPUT_FORMATS_TABLE_MATRIX_H

#include "bench/output/table.h"

/* Rows must have the fields "devices", "microbatches", "bubble_measured" and
 * "bubble_formula"; they may come in any order. */
void table_matrix_row(struct table *table, const struct table_field *fields,
                      int n);
void table_matrix_end(struct table *table);

#endif

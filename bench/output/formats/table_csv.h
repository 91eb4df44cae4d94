/* Tables as CSV: names on the first line, context in every row, no samples. */
#ifndef BENCH_OUTPUT_FORMATS_TABLE_CSV_H
#define BENCH_OUTPUT_FORMATS_TABLE_CSV_H

#include "bench/output/table.h"

/* As of a table_format. */
void table_csv_row(struct table *table, const struct table_field *fields,
                   int n);

#endif

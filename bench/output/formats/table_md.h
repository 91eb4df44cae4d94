/* Tables as Markdown: the context once, as a list, then a row for each row. */
#ifndef BENCH_OUTPUT_FORMATS_TABLE_MD_H
#define BENCH_OUTPUT_FORMATS_TABLE_MD_H

#include "bench/output/table.h"

/* The context as a list; what has no value is left out. */
void table_md_context(struct table *table, const struct table_field *fields,
                      int n);

/* As of a table_format. */
void table_md_row(struct table *table, const struct table_field *fields, int n);

#endif

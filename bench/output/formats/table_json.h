/* Tables as an array of JSON objects, or an object on each line. */
#ifndef BENCH_OUTPUT_FORMATS_TABLE_JSON_H
#define BENCH_OUTPUT_FORMATS_TABLE_JSON_H

#include "bench/output/table.h"

/* As of a table_format. */
void table_json_row(struct table *table, const struct table_field *fields,
                    int n);
void table_json_end(struct table *table);
void table_jsonl_row(struct table *table, const struct table_field *fields,
                     int n);

#endif

/*
 * Google Benchmark's JSON layout, which its compare.py reads: an object
 * "context", and in "benchmarks" an entry for each repetition of each row, then
 * one for the median.  An entry's name is made of the row's keys,
 * "devices:2/microbatches:8"; its times are the samples "samples_ns" and
 * "samples_cpu_ns".
 */
#ifndef BENCH_OUTPUT_FORMATS_GBENCH_H
#define BENCH_OUTPUT_FORMATS_GBENCH_H

#include "bench/output/table.h"

/* As of a table_format. */
void gbench_row(struct table *table, const struct table_field *fields, int n);
void gbench_end(struct table *table);

#endif

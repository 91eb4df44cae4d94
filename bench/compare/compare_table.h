/* The table of `sluice-bench compare`: one row is full context. */
#ifndef BENCH_COMPARE_COMPARE_TABLE_H
#define BENCH_COMPARE_COMPARE_TABLE_H

#include "bench/compare/compare.h"
#include "bench/output/environment.h"
#include "bench/output/table.h"

struct compare_table {
    const struct compare_config *config;
    const struct environment *env;
    struct table table;
    int64_t wrong; /* of all rows */
};

/* A compare_on_row, its context a struct compare_table. */
void compare_table_row(void *context, const struct compare_row *row);

#endif

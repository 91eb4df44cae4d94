/* The table of `sluice-bench bubble`: one row is full context. */
#ifndef BENCH_BUBBLE_BUBBLE_TABLE_H
#define BENCH_BUBBLE_BUBBLE_TABLE_H

#include "bench/bubble/bubble.h"
#include "bench/output/environment.h"
#include "bench/output/table.h"

struct bubble_table {
    const struct bubble_config *config;
    const struct environment *env;
    struct table table;
    int64_t wrong; /* of all rows */
};

/* A bubble_on_row, its context a struct bubble_table. */
void bubble_table_row(void *context, const struct bubble_row *row);

#endif

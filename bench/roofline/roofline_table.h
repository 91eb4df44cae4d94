/* The table of `sluice-bench roofline`: one row is full context. */
#ifndef BENCH_ROOFLINE_ROOFLINE_TABLE_H
#define BENCH_ROOFLINE_ROOFLINE_TABLE_H

#include "bench/output/environment.h"
#include "bench/output/table.h"
#include "bench/roofline/roofline.h"

struct roofline_table {
    const struct roofline_config *config;
    const struct environment *env;
    struct table table;
    int64_t wrong; /* of all rows */
};

/* A roofline_on_row, its context a struct roofline_table. */
void roofline_table_row(void *context, const struct roofline_row *row);

#endif

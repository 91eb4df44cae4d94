/* The tables of `sluice schedule`: devices of one, or several in comparison. */
#ifndef BENCH_SCHEDULE_SHOW_SCHEDULE_TABLE_H
#define BENCH_SCHEDULE_SHOW_SCHEDULE_TABLE_H

#include "bench/output/environment.h"
#include "bench/schedule/schedule_row.h"
#include "bench/output/table.h"

/* What all rows share. */
struct schedule_context {
    const struct schedule_wanted *wanted;
    const char *names; /* of all schedules, between commas */
    const struct schedule_run_config *run; /* NULL: nothing is measured */
    const struct environment *env;         /* of what is measured */
};

/* A row for each device, and one for all. */
void schedule_table_devices(struct table *table,
                            const struct schedule_context *context,
                            const struct schedule_row *row);

/* One row: bubble by formula, simulated and measured; memory. */
void schedule_table_row(struct table *table,
                        const struct schedule_context *context,
                        const struct schedule_row *row);

#endif

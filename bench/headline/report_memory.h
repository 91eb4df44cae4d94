/* Memory against devices, as a report shows it. */
#ifndef BENCH_HEADLINE_REPORT_MEMORY_H
#define BENCH_HEADLINE_REPORT_MEMORY_H

#include <stdint.h>

#include <sluice/report.h>
#include <sluice/status.h>

struct memory_sweep {
    const char *model;
    int64_t batch;
    int microbatches;
    int max_devices; /* 1 to this many */
};

/*
 * Plan, and build, a pipeline for each number of devices, without and with
 * rematerialization.
 *
 * Shapes   rows[2 * max_devices].
 * Returns  SLUICE_OK, or the first error.
 */
sluice_status memory_sweep_run(const struct memory_sweep *sweep,
                               sluice_html_memory *rows, sluice_diag *why);

#endif

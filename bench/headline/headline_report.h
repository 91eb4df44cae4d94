/*
 * The report of the headline run: what it found, and the page of HTML.
 */
#ifndef BENCH_HEADLINE_HEADLINE_REPORT_H
#define BENCH_HEADLINE_HEADLINE_REPORT_H

#include <sluice/report.h>
#include <sluice/status.h>

#include "bench/bubble/bubble.h"
#include "bench/output/environment.h"
#include "bench/headline/report_loss.h"
#include "bench/headline/report_memory.h"
#include "bench/headline/report_step.h"
#include "bench/train/training.h"

enum {
    REPORT_CELLS = 64,
    REPORT_MEMORY = 16, /* rows: up to 8 devices */
    REPORT_NOTE = 256
};

/* Zeros at first; what stays zero is left out of the page. */
struct report {
    const struct environment *env;

    struct loss_curve curve;
    const struct training_config *training;

    const struct bubble_config *cells_config;
    sluice_html_cell cells[REPORT_CELLS];
    int n_cells;

    const struct memory_sweep *sweep;
    sluice_html_memory memory[REPORT_MEMORY];
    int n_memory;

    const struct shown_step_config *step_config;
    struct shown_step step;
};

/* A bubble_on_row for timed cells, its context a struct report with
 * cells_config. */
void report_cell(void *context, const struct bubble_row *row);

/*
 * Write the page.
 *
 * Returns  SLUICE_OK; SLUICE_IO if `path` cannot be written; SLUICE_NO_MEMORY.
 */
sluice_status report_write(const struct report *report, const char *path,
                           sluice_diag *why);

void report_fini(struct report *report);

#endif

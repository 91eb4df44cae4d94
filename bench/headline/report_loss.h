/* The loss curve of a training, read from its metrics. */
#ifndef BENCH_HEADLINE_REPORT_LOSS_H
#define BENCH_HEADLINE_REPORT_LOSS_H

#include <stdio.h>

#include <sluice/report.h>
#include <sluice/status.h>

/* Zeros at first. */
struct loss_curve {
    sluice_html_loss *losses;
    sluice_html_epoch *epochs;
    int n_losses;
    int n_epochs;
};

/*
 * Read the lines that metrics.h describes, from the beginning of the file.
 *
 * Returns  SLUICE_OK; SLUICE_FORMAT for a line that is no JSON object;
 *          SLUICE_NO_MEMORY.  Also then loss_curve_fini() frees what is there.
 */
sluice_status loss_curve_read(struct loss_curve *curve, FILE *metrics,
                              sluice_diag *why);

void loss_curve_fini(struct loss_curve *curve);

#endif

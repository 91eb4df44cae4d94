/*
 * A page of HTML that needs no other file and no network: parts are appended,
 * and the file appears at the end, as a whole or not at all.
 *
 * After a failure the following calls do nothing; html_file_close() tells it.
 */
#ifndef BENCH_OUTPUT_PAGE_HTML_FILE_H
#define BENCH_OUTPUT_PAGE_HTML_FILE_H

#include <stdint.h>

#include <sluice/report.h>
#include <sluice/status.h>

struct html_file {
    sluice_file *file;
    sluice_sink sink;
    sluice_status status;
    sluice_diag *why;
};

/* Open the file and write its head.  Returns as sluice_file_create(). */
sluice_status html_file_open(struct html_file *page, const char *path,
                             const char *title, sluice_diag *why);

/* Markup, as it is. */
void html_file_add(struct html_file *page, const char *markup);

/* Text: what is markup in it is shown, not obeyed. */
void html_file_text(struct html_file *page, const char *text);

/* A cell of a table: a number with so many digits behind the point, or nothing
 * if it is NAN. */
void html_file_number(struct html_file *page, double value, int digits);

/*
 * A chart: y[n] over x[n], which rises; points that are not finite are left
 * out.  Nothing is drawn of less than two.
 */
void html_file_chart(struct html_file *page, const char *title, const double *x,
                     const double *y, int n);

/* Write the end and give the file its name.  Returns SLUICE_OK, or the first
 * error of all; then there is no file. */
sluice_status html_file_close(struct html_file *page);

#endif

/* A comparison of schedules as a page: their timelines at one scale, and a
 * table under them. */
#ifndef BENCH_SCHEDULE_SHOW_SCHEDULE_PAGE_H
#define BENCH_SCHEDULE_SHOW_SCHEDULE_PAGE_H

#include <sluice/status.h>

#include "bench/schedule/schedule_row.h"

/*
 * Write the page; the rows have traces, see schedule_price().
 *
 * Shapes   rows[n]
 * Returns  SLUICE_OK; as sluice_report_svg(), sluice_file_create().
 */
sluice_status schedule_page_write(const struct schedule_row *rows, int n,
                                  const char *path, sluice_diag *why);

#endif

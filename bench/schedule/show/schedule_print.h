/*
 * Schedules as text on stdout: the grid or a file's format; the list of
 * generators; the verdict on a file.
 */
#ifndef BENCH_SCHEDULE_SHOW_SCHEDULE_PRINT_H
#define BENCH_SCHEDULE_SHOW_SCHEDULE_PRINT_H

#include <stdbool.h>
#include <stdio.h>

#include <sluice/schedule.h>
#include <sluice/status.h>

struct schedule_format;

/* The format of that name, NULL for none: "grid", "csv". */
const struct schedule_format *schedule_format_find(const char *name);

/* Their names, "grid, csv", for a sentence; cut to `bytes`. */
void schedule_format_names(char *text, size_t bytes);

/* "grid (default), csv, ...", for help. */
void schedule_format_help(char *text, size_t bytes);

/*
 * Print a schedule.  `strict` leaves out what others cannot read.
 *
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY, or that of the format.
 */
sluice_status schedule_print(const sluice_schedule *schedule,
                             const struct schedule_format *format, bool strict,
                             FILE *out, sluice_diag *why);

/* A line for each generator. */
void schedule_print_list(FILE *out);

/*
 * Prove it with queues of `capacity`: a table of the devices' peaks; or else
 * the grid with the cell marked that cannot be.
 *
 * Returns  SLUICE_OK; SLUICE_SCHEDULE if it is refused; SLUICE_NO_MEMORY.
 */
sluice_status schedule_print_verdict(const sluice_schedule *schedule,
                                     int capacity, FILE *out, sluice_diag *why);

#endif

/* The lines of a file that people write.  The main thread. */
#ifndef BENCH_PLAN_TEXT_LINES_H
#define BENCH_PLAN_TEXT_LINES_H

#include <stdbool.h>
#include <stdio.h>

#include <sluice/status.h>

enum { TEXT_LINE = 512 };

/* Zeros with a file at first. */
struct text_lines {
    FILE *in;
    int number;           /* of the line, from 1 */
    char line[TEXT_LINE]; /* without its end */
};

/*
 * Read the next line; at the end of the file `*more` is false.
 *
 * Returns  SLUICE_OK; SLUICE_IO; SLUICE_FORMAT if it is longer than
 *          TEXT_LINE - 2, or has, and does not begin with #, another character
 *          than those of ASCII that can be printed, and tabs.
 */
sluice_status text_lines_next(struct text_lines *lines, bool *more,
                              sluice_diag *why);

#endif

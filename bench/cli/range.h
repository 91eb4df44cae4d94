/*
 * Lists and ranges of integers, one syntax for every parameter:
 *
 *     2,4,8     these
 *     1-8       1, 2, ... 8
 *     1-9+2     1, 3, 5, 7, 9
 *     1-64*2    1, 2, 4, ... 64
 *
 * A comma joins any of them: "1,2-8+2,16".
 */
#ifndef BENCH_CLI_RANGE_H
#define BENCH_CLI_RANGE_H

#include <stdint.h>

#include <sluice/status.h>

enum { RANGE_MAX = 128 }; /* values of one list */

struct range {
    int n; /* at least 1 */
    int values[RANGE_MAX];
};

/*
 * Parse a list whose values are all min <= value <= max.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID naming the item that was not understood.
 */
sluice_status range_parse(const char *text, int min, int max,
                          struct range *range, sluice_diag *why);

/* The largest and the smallest value. */
int range_largest(const struct range *range);
int range_smallest(const struct range *range);

#endif

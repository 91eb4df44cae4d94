/* Real numbers as text, with a point whatever the process's locale says. */
#ifndef SL_BASE_TEXT_REAL_TEXT_H
#define SL_BASE_TEXT_REAL_TEXT_H

#include <stdbool.h>
#include <stddef.h>

enum { SL_REAL_TEXT = 32 }; /* bytes for any real, terminating 0 included */

/*
 * Read the decimal number that `text` is, "0.25" or "-1e-3", rounded to the
 * nearest double.
 *
 * Threads  any.
 * Returns  false if it is not one, or larger than a double can be.
 */
bool sl_real_read(const char *text, double *value);

/*
 * Read the first number of a list such as "1,0.5", as sl_real_read().  `*list`
 * goes behind the comma that follows, or to the end.
 *
 * Threads  any.
 * Returns  false if there is no number, it is longer than SL_REAL_TEXT, or the
 *          list ends with a comma.
 */
bool sl_real_next(const char **list, double *value);

/*
 * Write the shortest decimal that reads as `value`; if `is_float`, that reads
 * as the same float.
 *
 * Threads  any.
 */
void sl_real_write(double value, bool is_float, char text[SL_REAL_TEXT]);

/*
 * Replace by a point what a locale writes in its place, a byte or more, in a
 * number as printf() writes it.
 *
 * Threads  any.
 */
void sl_real_point(char text[SL_REAL_TEXT]);

#endif

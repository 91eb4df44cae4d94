/*
 * Numbers of a command line.  The whole word must be a number, or it is refused
 * with a sentence.  The programs never call setlocale(), so the decimal point
 * is a point everywhere.
 */
#ifndef BENCH_CLI_NUMBER_H
#define BENCH_CLI_NUMBER_H

#include <stdint.h>

#include <sluice/status.h>

/*
 * A decimal integer, min <= value <= max.
 *
 * Returns  SLUICE_OK or SLUICE_INVALID.
 */
sluice_status number_parse_integer(const char *text, int64_t min, int64_t max,
                                   int64_t *value, sluice_diag *why);

/* A decimal fraction, "0.1" or "1e-3", min <= value <= max.  Returns as above.
 */
sluice_status number_parse_real(const char *text, double min, double max,
                                double *value, sluice_diag *why);

/* A time with its unit, "100us", "1.5ms", up to an hour.  Returns as above. */
sluice_status number_parse_time(const char *text, int64_t *ns,
                                sluice_diag *why);

/* A number of bytes, "4096", "64K", "1.5G" (powers of 1024).  Returns as above.
 */
sluice_status number_parse_bytes(const char *text, uint64_t *bytes,
                                 sluice_diag *why);

#endif

/* Looking for NaN and infinity.  Any thread. */
#ifndef SL_BASE_FINITE_H
#define SL_BASE_FINITE_H

#include <stdint.h>

#include <sluice/status.h>

/* The first place in x[n] that holds NaN or an infinity; n if none does. */
int64_t sl_first_not_finite(const float *x, int64_t n);

/* "NaN", whatever its sign, "infinity" or "-infinity"; for sentences. */
const char *sl_not_finite_name(double value);

/*
 * Whether x[n], in the sentence "parameter 0.weight" for `kind` and `name`, is
 * finite.
 *
 * Returns  SLUICE_OK, or SLUICE_NOT_FINITE naming the element and its value.
 */
sluice_status sl_check_finite(const char *kind, const char *name,
                              const float *x, int64_t n, sluice_diag *why);

#endif

/* Looking for NaN and infinity.  Any thread. */
#ifndef SL_TENSOR_FINITE_H
#define SL_TENSOR_FINITE_H

#include <stdbool.h>
#include <stdint.h>

/* Whether none of values[n] is NaN or infinite. */
bool sl_all_finite(const float *values, int64_t n);

#endif

/* Attention over a row: through the processor's kernels.  Any thread. */
#include "tensor/attend.h"

#include "tensor/kernels/kernels.h"

double sl_attend(int64_t n, float *s, float *largest)
{
    return sl_kernels()->attend(n, s, largest);
}

void sl_attend_slopes(int64_t n, struct sl_attended row, float delta, float *s,
                      float *ds)
{
    sl_kernels()->attend_slopes(n, row, delta, s, ds);
}

double sl_dot(int64_t n, const float *a, const float *b)
{
    return sl_kernels()->dot(n, a, b);
}

/* Softmax of one row.  Any thread. */
#include "tensor/softmax.h"

#include "tensor/vector.h"

/* exp(y[i..i + left) - largest) */
static inline sl_lanes shifted_exp(const float *y, int64_t i, int64_t left,
                                   float largest)
{
    return sl_lanes_exp(sl_lanes_load(y + i, left) - sl_lanes_of(largest));
}

struct sl_softmax sl_softmax_row(int64_t n, const float *y)
{
    struct sl_softmax row = {.largest = y[0]};
    for (int64_t i = 1; i < n; i++)
        if (y[i] > row.largest) {
            row.largest = y[i];
            row.at = i;
        }
    for (int64_t i = 0; i < n; i += SL_LANES) {
        int64_t left = sl_lanes_left(n, i);
        sl_lanes e = shifted_exp(y, i, left, row.largest);
        for (int64_t lane = 0; lane < left; lane++)
            row.sum += (double)e[lane];
    }
    return row;
}

void sl_softmax_scaled(int64_t n, const float *y, struct sl_softmax row,
                       float scale, float *p)
{
    sl_lanes factor = sl_lanes_of((float)(1 / row.sum));
    for (int64_t i = 0; i < n; i += SL_LANES) {
        int64_t left = sl_lanes_left(n, i);
        sl_lanes e = shifted_exp(y, i, left, row.largest);
        sl_lanes_store(p + i, e * factor * sl_lanes_of(scale), left);
    }
}

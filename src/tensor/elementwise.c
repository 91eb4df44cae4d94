/* Element by element: through the processor's kernels.  Any thread. */
#include "tensor/elementwise.h"

#include "tensor/kernels/kernels.h"

void sl_add(int64_t n, const float *from, float *to)
{
    sl_kernels()->add(n, from, to);
}

void sl_multiply(int64_t n, const float *a, const float *b, float *product)
{
    sl_kernels()->multiply(n, a, b, product);
}

void sl_scaled_difference(int64_t n, float scale, const float *y,
                          const float *t, float *dy)
{
    sl_kernels()->scaled_difference(n, scale, y, t, dy);
}

enum { PIECE_FLOATS = 1024 };

double sl_sum_of_squares(int64_t n, const float *x)
{
    static const float zeros[PIECE_FLOATS];
    double sum = 0;
    for (int64_t i = 0; i < n; i += PIECE_FLOATS) {
        int64_t some = n - i < PIECE_FLOATS ? n - i : PIECE_FLOATS;
        sum += sl_squared_distance(some, x + i, zeros);
    }
    return sum;
}

double sl_squared_distance(int64_t n, const float *a, const float *b)
{
    return sl_kernels()->squared_distance(n, a, b);
}

void sl_mask(int64_t n, const uint32_t *bits, uint32_t threshold, float scale,
             const float *from, float *to)
{
    sl_kernels()->mask(n, bits, threshold, scale, from, to);
}

void sl_bf16_round(int64_t n, const float *x, sl_bfloat16 *to)
{
    sl_kernels()->round_bf16(n, x, to);
}

void sl_sgd_update(int64_t n, struct sl_sgd sgd, const float *g, float *w,
                   float *v)
{
    sl_kernels()->sgd_update(n, sgd, g, w, v);
}

void sl_adam_update(int64_t n, struct sl_adam adam, const float *g, float *w,
                    float *m, float *v)
{
    sl_kernels()->adam_update(n, adam, g, w, m, v);
}

void sl_rmsprop_update(int64_t n, struct sl_rmsprop rmsprop, const float *g,
                       float *w, float *v, float *mean, float *speed)
{
    sl_kernels()->rmsprop_update(n, rmsprop, g, w, v, mean, speed);
}

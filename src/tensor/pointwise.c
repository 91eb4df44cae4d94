/* Activations, element by element.  Any thread. */
#include "tensor/pointwise.h"

#include <string.h>

#include "tensor/vector.h"

static const float sqrt_half = 0.70710678118654752f;
static const float phi_of_0 = 0.39894228040143268f; /* 1 / sqrt(2 pi) */

/* z = x + bias, where z may be x. */
static void add_bias(int64_t rows, int64_t n, const float *x, const float *bias,
                     float *z)
{
    if (!bias) {
        if (z != x)
            memcpy(z, x, (size_t)(rows * n) * sizeof *z);
        return;
    }
    for (int64_t r = 0; r < rows; r++)
        for (int64_t j = 0; j < n; j++)
            z[r * n + j] = x[r * n + j] + bias[j];
}

/* Phi, the distribution function of the standard normal. */
static inline sl_lanes normal_below(sl_lanes z)
{
    return sl_lanes_of(0.5f) *
           (sl_lanes_of(1) + sl_lanes_erf(z * sl_lanes_of(sqrt_half)));
}

static inline sl_lanes gelu(sl_lanes z)
{
    return z * normal_below(z);
}

static inline sl_lanes gelu_slope(sl_lanes z)
{
    sl_lanes density =
        sl_lanes_of(phi_of_0) * sl_lanes_exp(sl_lanes_of(-0.5f) * z * z);
    return normal_below(z) + z * density;
}

/* y = f(z), where y may be z; inlined, so that f is. */
static inline void map(sl_lanes (*f)(sl_lanes), int64_t n, const float *z,
                       float *y)
{
    int64_t i = 0;
    for (; i + SL_LANES <= n; i += SL_LANES)
        sl_lanes_store(y + i, f(sl_lanes_load(z + i, SL_LANES)), SL_LANES);
    int64_t left = sl_lanes_left(n, i);
    sl_lanes_store(y + i, f(sl_lanes_load(z + i, left)), left);
}

void sl_identity_forward(int64_t rows, int64_t n, const float *x,
                         const float *bias, float *z, float *y)
{
    add_bias(rows, n, x, bias, y);
    if (z && z != y)
        memcpy(z, y, (size_t)(rows * n) * sizeof *z);
}

void sl_relu_forward(int64_t rows, int64_t n, const float *x, const float *bias,
                     float *z, float *y)
{
    float *sum = z ? z : y;
    add_bias(rows, n, x, bias, sum);
    for (int64_t i = 0; i < rows * n; i++)
        y[i] = sum[i] < 0 ? 0 : sum[i];
}

void sl_tanh_forward(int64_t rows, int64_t n, const float *x, const float *bias,
                     float *z, float *y)
{
    float *sum = z ? z : y;
    add_bias(rows, n, x, bias, sum);
    map(sl_lanes_tanh, rows * n, sum, y);
}

void sl_gelu_forward(int64_t rows, int64_t n, const float *x, const float *bias,
                     float *z, float *y)
{
    float *sum = z ? z : y;
    add_bias(rows, n, x, bias, sum);
    map(gelu, rows * n, sum, y);
}

void sl_identity_backward(int64_t n, const float *at, const float *dy,
                          float *dx)
{
    (void)at;
    if (dx != dy)
        memcpy(dx, dy, (size_t)n * sizeof *dx);
}

void sl_relu_backward(int64_t n, const float *at, const float *dy, float *dx)
{
    for (int64_t i = 0; i < n; i++)
        dx[i] = at[i] <= 0 ? 0 : dy[i];
}

void sl_tanh_backward(int64_t n, const float *at, const float *dy, float *dx)
{
    for (int64_t i = 0; i < n; i++)
        dx[i] = dy[i] * (1 - at[i] * at[i]);
}

void sl_gelu_backward(int64_t n, const float *at, const float *dy, float *dx)
{
    for (int64_t i = 0; i < n; i += SL_LANES) {
        int64_t left = sl_lanes_left(n, i);
        sl_lanes slope = gelu_slope(sl_lanes_load(at + i, left));
        sl_lanes_store(dx + i, sl_lanes_load(dy + i, left) * slope, left);
    }
}

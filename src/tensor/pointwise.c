/* Activations: through the processor's kernels.  Any thread. */
#include "tensor/pointwise.h"

#include "tensor/kernels/kernels.h"

void sl_identity_forward(int64_t rows, int64_t n, const float *x,
                         const float *bias, float *z, float *y)
{
    sl_kernels()->identity_forward(rows, n, x, bias, z, y);
}

void sl_relu_forward(int64_t rows, int64_t n, const float *x, const float *bias,
                     float *z, float *y)
{
    sl_kernels()->relu_forward(rows, n, x, bias, z, y);
}

void sl_tanh_forward(int64_t rows, int64_t n, const float *x, const float *bias,
                     float *z, float *y)
{
    sl_kernels()->tanh_forward(rows, n, x, bias, z, y);
}

void sl_gelu_forward(int64_t rows, int64_t n, const float *x, const float *bias,
                     float *z, float *y)
{
    sl_kernels()->gelu_forward(rows, n, x, bias, z, y);
}

void sl_gelu_tanh_forward(int64_t rows, int64_t n, const float *x,
                          const float *bias, float *z, float *y)
{
    sl_kernels()->gelu_tanh_forward(rows, n, x, bias, z, y);
}

void sl_sigmoid_forward(int64_t rows, int64_t n, const float *x,
                        const float *bias, float *z, float *y)
{
    sl_kernels()->sigmoid_forward(rows, n, x, bias, z, y);
}

void sl_silu_forward(int64_t rows, int64_t n, const float *x, const float *bias,
                     float *z, float *y)
{
    sl_kernels()->silu_forward(rows, n, x, bias, z, y);
}

void sl_identity_backward(int64_t n, const float *at, const float *dy,
                          float *dx)
{
    sl_kernels()->identity_backward(n, at, dy, dx);
}

void sl_relu_backward(int64_t n, const float *at, const float *dy, float *dx)
{
    sl_kernels()->relu_backward(n, at, dy, dx);
}

void sl_tanh_backward(int64_t n, const float *at, const float *dy, float *dx)
{
    sl_kernels()->tanh_backward(n, at, dy, dx);
}

void sl_gelu_backward(int64_t n, const float *at, const float *dy, float *dx)
{
    sl_kernels()->gelu_backward(n, at, dy, dx);
}

void sl_gelu_tanh_backward(int64_t n, const float *at, const float *dy,
                           float *dx)
{
    sl_kernels()->gelu_tanh_backward(n, at, dy, dx);
}

void sl_sigmoid_backward(int64_t n, const float *at, const float *dy, float *dx)
{
    sl_kernels()->sigmoid_backward(n, at, dy, dx);
}

void sl_silu_backward(int64_t n, const float *at, const float *dy, float *dx)
{
    sl_kernels()->silu_backward(n, at, dy, dx);
}

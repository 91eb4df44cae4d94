/*
 * Activations: a function of each element, with the bias added first.
 *
 * The value of an element depends on nothing but its inputs: not on its place
 * in the buffer, on alignment or on how many there are.  NaN stays NaN.
 *
 * Threads: any.
 */
#ifndef SL_TENSOR_POINTWISE_H
#define SL_TENSOR_POINTWISE_H

#include <stdint.h>

#include "tensor/kernels/operands.h"

sl_pointwise_forward sl_identity_forward;
sl_pointwise_forward sl_relu_forward; /* max(z, 0) */
sl_pointwise_forward sl_tanh_forward;
sl_pointwise_forward sl_gelu_forward;      /* z * Phi(z), exact (Hendrycks and
                                              Gimpel, 2016) */
sl_pointwise_forward sl_gelu_tanh_forward; /* its approximation there:
                         z / 2 * (1 + tanh(sqrt(2 / pi) (z + 0.044715 z^3))) */
sl_pointwise_forward sl_sigmoid_forward;   /* 1 / (1 + exp(-z)) */
sl_pointwise_forward sl_silu_forward;      /* z * sigmoid(z) (the same) */

sl_pointwise_backward sl_identity_backward;
sl_pointwise_backward sl_relu_backward; /* 0 at z = 0 */
sl_pointwise_backward sl_tanh_backward; /* 1 - y * y */
sl_pointwise_backward sl_gelu_backward; /* Phi(z) + z * phi(z) */
sl_pointwise_backward
    sl_gelu_tanh_backward;                 /* the slope of the approximation */
sl_pointwise_backward sl_sigmoid_backward; /* y * (1 - y) */
sl_pointwise_backward sl_silu_backward;    /* s * (1 + z * (1 - s)), s being
                                              sigmoid(z) */

#endif

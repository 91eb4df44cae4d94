/* The table of the kernels, as compiled for the instruction set at hand. */
#ifndef SL_TENSOR_KERNELS_KERNEL_TABLE_H
#define SL_TENSOR_KERNELS_KERNEL_TABLE_H

#include "tensor/kernels/activations.h"
#include "tensor/kernels/attention.h"
#include "tensor/kernels/kernel_set.h"
#include "tensor/kernels/mean_squares.h"
#include "tensor/kernels/normalization.h"
#include "tensor/kernels/plane_rows.h"
#include "tensor/kernels/reductions.h"
#include "tensor/kernels/rounding.h"
#include "tensor/kernels/weight_updates.h"

#define SL_KERNEL_TABLE                                                        \
    {                                                                          \
        .identity_forward = sl_kernel_identity_forward,                        \
        .relu_forward = sl_kernel_relu_forward,                                \
        .tanh_forward = sl_kernel_tanh_forward,                                \
        .gelu_forward = sl_kernel_gelu_forward,                                \
        .gelu_tanh_forward = sl_kernel_gelu_tanh_forward,                      \
        .sigmoid_forward = sl_kernel_sigmoid_forward,                          \
        .silu_forward = sl_kernel_silu_forward,                                \
        .identity_backward = sl_kernel_identity_backward,                      \
        .relu_backward = sl_kernel_relu_backward,                              \
        .tanh_backward = sl_kernel_tanh_backward,                              \
        .gelu_backward = sl_kernel_gelu_backward,                              \
        .gelu_tanh_backward = sl_kernel_gelu_tanh_backward,                    \
        .sigmoid_backward = sl_kernel_sigmoid_backward,                        \
        .silu_backward = sl_kernel_silu_backward,                              \
        .column_sums = sl_kernel_column_sums,                                  \
        .softmax_row = sl_kernel_softmax_row,                                  \
        .softmax_scaled = sl_kernel_softmax_scaled,                            \
        .attend = sl_kernel_attend, .attend_slopes = sl_kernel_attend_slopes,  \
        .dot = sl_kernel_dot,                                                  \
        .normalize_forward = sl_kernel_normalize_forward,                      \
        .normalize_backward = sl_kernel_normalize_backward,                    \
        .normalize_weight = sl_kernel_normalize_weight,                        \
        .rms_forward = sl_kernel_rms_forward,                                  \
        .rms_backward = sl_kernel_rms_backward,                                \
        .rms_weight = sl_kernel_rms_weight, .plane_sum = sl_kernel_plane_sum,  \
        .plane_squares = sl_kernel_plane_squares,                              \
        .plane_dot = sl_kernel_plane_dot,                                      \
        .plane_normalize = sl_kernel_plane_normalize,                          \
        .plane_gradient = sl_kernel_plane_gradient, .add = sl_kernel_add,      \
        .multiply = sl_kernel_multiply,                                        \
        .scaled_difference = sl_kernel_scaled_difference,                      \
        .squared_distance = sl_kernel_squared_distance,                        \
        .mask = sl_kernel_mask, .sgd_update = sl_kernel_sgd_update,            \
        .adam_update = sl_kernel_adam_update,                                  \
        .rmsprop_update = sl_kernel_rmsprop_update,                            \
        .round_bf16 = sl_kernel_round_bf16,                                    \
    }

#endif

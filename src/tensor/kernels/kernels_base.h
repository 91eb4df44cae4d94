/* Kernels for what every processor of the target has. */
#ifndef SL_TENSOR_KERNELS_KERNELS_BASE_H
#define SL_TENSOR_KERNELS_KERNELS_BASE_H

#include "tensor/kernels/kernel_set.h"

extern const struct sl_kernels sl_kernels_base;

#endif

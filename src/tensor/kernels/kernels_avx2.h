/* Kernels for AVX2. */
#ifndef SL_TENSOR_KERNELS_KERNELS_AVX2_H
#define SL_TENSOR_KERNELS_KERNELS_AVX2_H

#include "tensor/kernels/kernel_set.h"

extern const struct sl_kernels sl_kernels_avx2;

#endif

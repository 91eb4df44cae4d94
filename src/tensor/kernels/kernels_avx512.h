/* Kernels for AVX-512 (F, BW, DQ, VL). */
#ifndef SL_TENSOR_KERNELS_KERNELS_AVX512_H
#define SL_TENSOR_KERNELS_KERNELS_AVX512_H

#include "tensor/kernels/kernel_set.h"

extern const struct sl_kernels sl_kernels_avx512;

#endif

/* Kernels for AVX-512 (F, BW, DQ, VL).  Any thread. */
#include "tensor/kernels/kernels_avx512.h"

#include "tensor/kernels/kernel_table.h"

const struct sl_kernels sl_kernels_avx512 = SL_KERNEL_TABLE;

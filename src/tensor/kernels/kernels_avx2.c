/* Kernels for AVX2.  Any thread. */
#include "tensor/kernels/kernels_avx2.h"

#include "tensor/kernels/kernel_table.h"

const struct sl_kernels sl_kernels_avx2 = SL_KERNEL_TABLE;

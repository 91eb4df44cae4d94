/* Kernels for what every processor of the target has.  Any thread. */
#include "tensor/kernels/kernels_base.h"

#include "tensor/kernels/kernel_table.h"

const struct sl_kernels sl_kernels_base = SL_KERNEL_TABLE;

/*
 * The kernels of elementwise work: one table for each instruction set that the
 * library was built for, of which the processor decides one.
 *
 * All tables give the same bits.  Layers call the functions of
 * tensor/pointwise.h and its neighbours, which go through the table; tests hold
 * the tables against each other.
 *
 * Threads: any; the tables are constant.
 */
#ifndef SL_TENSOR_KERNELS_KERNELS_H
#define SL_TENSOR_KERNELS_KERNELS_H

#include "tensor/kernels/kernel_set.h"

/* Those that were built, the widest first; the last one runs everywhere. */
int sl_kernel_sets_n(void);
const struct sl_kernel_set *sl_kernel_sets(void);

/* The widest that runs on this processor: a few loads, nothing is cached. */
const struct sl_kernel_set *sl_kernel_set(void);

static inline const struct sl_kernels *sl_kernels(void)
{
    return sl_kernel_set()->kernels;
}

#endif

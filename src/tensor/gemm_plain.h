/*
 * The products of tensor/gemm.h by plain loops, summed in double: slow, and
 * obviously right.  Tests hold BLAS against them.
 *
 * Threads: any.
 */
#ifndef SL_TENSOR_GEMM_PLAIN_H
#define SL_TENSOR_GEMM_PLAIN_H

#include "tensor/gemm.h"

/* Contracts as sl_gemm_forward(), sl_gemm_input(), sl_gemm_weight() and
 * sl_gemm_strided(). */
sluice_status sl_gemm_plain_forward(struct sl_gemm size, const float *x,
                                    const float *w, bool accumulate, float *y);
sluice_status sl_gemm_plain_input(struct sl_gemm size, const float *dy,
                                  const float *w, float *dx);
sluice_status sl_gemm_plain_weight(struct sl_gemm size, const float *x,
                                   const float *dy, bool accumulate, float *dw);
sluice_status sl_gemm_plain_strided(const struct sl_strided *product);

/* The same products, with operands that are rounded to bfloat16 as they are
 * read; terms and sums are not rounded. */
sluice_status sl_gemm_plain_bf16_forward(struct sl_gemm size, const float *x,
                                         const float *w, bool accumulate,
                                         float *y);
sluice_status sl_gemm_plain_bf16_input(struct sl_gemm size, const float *dy,
                                       const float *w, float *dx);
sluice_status sl_gemm_plain_bf16_weight(struct sl_gemm size, const float *x,
                                        const float *dy, bool accumulate,
                                        float *dw);
sluice_status sl_gemm_plain_bf16_strided(const struct sl_strided *product);

#endif

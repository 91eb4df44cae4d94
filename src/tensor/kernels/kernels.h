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

#include "tensor/elementwise.h"
#include "tensor/normalize.h"
#include "tensor/pointwise.h"
#include "tensor/softmax.h"

struct sl_kernels {
    sl_pointwise_forward *identity_forward;
    sl_pointwise_forward *relu_forward;
    sl_pointwise_forward *tanh_forward;
    sl_pointwise_forward *gelu_forward;
    sl_pointwise_backward *identity_backward;
    sl_pointwise_backward *relu_backward;
    sl_pointwise_backward *tanh_backward;
    sl_pointwise_backward *gelu_backward;
    void (*column_sums)(int64_t rows, int64_t n, const float *a,
                        bool accumulate, float *sums);
    struct sl_softmax (*softmax_row)(int64_t n, const float *y);
    void (*softmax_scaled)(int64_t n, const float *y, struct sl_softmax row,
                           float scale, float *p);
    void (*normalize_forward)(int64_t rows, int64_t n, double epsilon,
                              const float *x, const float *weight,
                              const float *bias, struct sl_moments *moments,
                              float *y);
    void (*normalize_backward)(int64_t rows, int64_t n,
                               const struct sl_moments *moments,
                               const float *weight, const float *x,
                               const float *dy, float *dx);
    void (*normalize_weight)(int64_t rows, int64_t n,
                             const struct sl_moments *moments, const float *x,
                             const float *dy, bool accumulate, float *dweight,
                             float *dbias);
    void (*add)(int64_t n, const float *from, float *to);
    void (*scaled_difference)(int64_t n, float scale, const float *y,
                              const float *t, float *dy);
    double (*squared_distance)(int64_t n, const float *a, const float *b);
    void (*mask)(int64_t n, const uint32_t *bits, uint32_t threshold,
                 float scale, const float *from, float *to);
    void (*sgd_update)(int64_t n, struct sl_sgd sgd, const float *g, float *w,
                       float *v);
};

/* An instruction set with kernels. */
struct sl_kernel_set {
    const char *name;   /* "avx2" */
    bool (*runs)(void); /* on this processor */
    const struct sl_kernels *kernels;
};

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

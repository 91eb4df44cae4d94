/* The functions of a set of kernels, and what it is called. */
#ifndef SL_TENSOR_KERNELS_KERNEL_SET_H
#define SL_TENSOR_KERNELS_KERNEL_SET_H

#include "tensor/bfloat16.h"
#include "tensor/kernels/operands.h"

struct sl_kernels {
    sl_pointwise_forward *identity_forward;
    sl_pointwise_forward *relu_forward;
    sl_pointwise_forward *tanh_forward;
    sl_pointwise_forward *gelu_forward;
    sl_pointwise_forward *gelu_tanh_forward;
    sl_pointwise_forward *sigmoid_forward;
    sl_pointwise_forward *silu_forward;
    sl_pointwise_backward *identity_backward;
    sl_pointwise_backward *relu_backward;
    sl_pointwise_backward *tanh_backward;
    sl_pointwise_backward *gelu_backward;
    sl_pointwise_backward *gelu_tanh_backward;
    sl_pointwise_backward *sigmoid_backward;
    sl_pointwise_backward *silu_backward;
    void (*column_sums)(int64_t rows, int64_t n, const float *a, int64_t stride,
                        bool accumulate, float *sums);
    struct sl_softmax (*softmax_row)(int64_t n, const float *y);
    void (*softmax_scaled)(int64_t n, const float *y, struct sl_softmax row,
                           float scale, float *p);
    double (*attend)(int64_t n, float *s, float *largest);
    void (*attend_slopes)(int64_t n, struct sl_attended row, float delta,
                          float *s, float *ds);
    double (*dot)(int64_t n, const float *a, const float *b);
    void (*normalize_forward)(int64_t rows, int64_t n, double epsilon,
                              const float *x, const float *weight,
                              const float *bias, struct sl_moments *moments,
                              float *y);
    void (*normalize_backward)(int64_t rows, int64_t n,
                               const struct sl_moments *moments,
                               const float *weight, const float *x,
                               const float *dy, float *dx);
    void (*normalize_weight)(int64_t rows, int64_t n, int64_t stride,
                             const struct sl_moments *moments, const float *x,
                             const float *dy, bool accumulate, float *dweight,
                             float *dbias);
    void (*rms_forward)(int64_t rows, int64_t n, double epsilon, const float *x,
                        const float *weight, float *scales, float *y);
    void (*rms_backward)(int64_t rows, int64_t n, const float *scales,
                         const float *weight, const float *x, const float *dy,
                         float *dx);
    void (*rms_weight)(int64_t rows, int64_t n, int64_t stride,
                       const float *scales, const float *x, const float *dy,
                       bool accumulate, float *dweight);
    double (*plane_sum)(int64_t n, const float *a);
    double (*plane_squares)(int64_t n, const float *a, float mean);
    double (*plane_dot)(int64_t n, const float *a, float mean, const float *b);
    void (*plane_normalize)(int64_t n, const float *x, float mean, float scale,
                            float bias, float *y);
    void (*plane_gradient)(int64_t n, struct sl_plane_slope slope,
                           const float *x, float mean, const float *dy,
                           float *dx);
    void (*add)(int64_t n, const float *from, float *to);
    void (*multiply)(int64_t n, const float *a, const float *b, float *product);
    void (*scaled_difference)(int64_t n, float scale, const float *y,
                              const float *t, float *dy);
    double (*squared_distance)(int64_t n, const float *a, const float *b);
    void (*mask)(int64_t n, const uint32_t *bits, uint32_t threshold,
                 float scale, const float *from, float *to);
    void (*sgd_update)(int64_t n, struct sl_sgd sgd, const float *g, float *w,
                       float *v);
    void (*adam_update)(int64_t n, struct sl_adam adam, const float *g,
                        float *w, float *m, float *v);
    void (*rmsprop_update)(int64_t n, struct sl_rmsprop rmsprop, const float *g,
                           float *w, float *v, float *mean, float *speed);
    void (*round_bf16)(int64_t n, const float *x, sl_bfloat16 *to);
};

/* An instruction set with kernels. */
struct sl_kernel_set {
    const char *name;   /* "avx2" */
    bool (*runs)(void); /* on this processor */
    const struct sl_kernels *kernels;
};

#endif

/*
 * What kernels take and give, apart from numbers and arrays: types that the
 * functions of tensor/ and the kernels behind them share.
 */
#ifndef SL_TENSOR_KERNELS_OPERANDS_H
#define SL_TENSOR_KERNELS_OPERANDS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * y = f(z), z = x + bias.
 *
 * Shapes   x, z, y [rows][n]; bias[n], NULL for none.  z may be NULL if it
 *          is not needed; x may be z or y, the others do not overlap.
 */
typedef void sl_pointwise_forward(int64_t rows, int64_t n, const float *x,
                                  const float *bias, float *z, float *y);

/*
 * dx = dy * f'(z), where `at` is y for relu, tanh and sigmoid, z for gelu,
 * gelu_tanh and silu, and not read for the identity.
 *
 * Shapes   at, dy, dx [n]; dx may be dy.
 */
typedef void sl_pointwise_backward(int64_t n, const float *at, const float *dy,
                                   float *dx);

/* What a row's softmax comes to: softmax(y)[j] = exp(y[j] - largest) / sum. */
struct sl_softmax {
    float largest; /* of y */
    int64_t at;    /* the first place where it stands */
    double sum;    /* of exp(y[j] - largest), in order; >= 1, or NaN */
};

/* What the softmax of a row of scores comes to in attention; `scale` is 1 / the
 * sum of exp(s - largest). */
struct sl_attended {
    float largest;
    float scale;
};

/* Of one row; `scale` is 1 / sqrt(variance + epsilon). */
struct sl_moments {
    float mean;
    float scale;
};

/* Stochastic gradient descent, as in sluice_sgd_config. */
struct sl_sgd {
    float scale; /* of the gradient, before anything else; 1: as it is */
    float rate;
    float momentum; /* 0: none, and no v */
    float decay;
    bool nesterov;
};

/* Adam and AdamW, as in sluice_adam_config, at one step. */
struct sl_adam {
    float scale;  /* of the gradient, before anything else; 1: as it is */
    float decay;  /* of Adam: the share of w that is added to the gradient */
    float fade;   /* of AdamW: the share of w that goes away */
    float beta1;  /* of m that is kept */
    float share1; /* of the gradient that comes to it, 1 - beta1 */
    float beta2;  /* of v that is kept */
    float share2; /* of the gradient's square that comes to it, 1 - beta2 */
    float rate;   /* learning rate / (1 - beta1^t) */
    float root;   /* sqrt(1 - beta2^t) */
    float epsilon;
};

/* RMSProp, as in sluice_rmsprop_config. */
struct sl_rmsprop {
    float scale; /* of the gradient, before anything else; 1: as it is */
    float decay; /* the share of w that is added to the gradient */
    float alpha; /* of the averages that is kept */
    float share; /* of what comes to them, 1 - alpha */
    float rate;
    float epsilon;
    float momentum;
};

/* The gradient by x: of_dy * dy + of_x * (x - mean) + constant. */
struct sl_plane_slope {
    float of_dy;
    float of_x;
    float constant;
};

#endif

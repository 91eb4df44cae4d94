/* Softmax of one row.  Any thread. */
#ifndef SL_TENSOR_SOFTMAX_H
#define SL_TENSOR_SOFTMAX_H

#include <stdint.h>

/* What a row's softmax comes to: softmax(y)[j] = exp(y[j] - largest) / sum. */
struct sl_softmax {
    float largest; /* of y */
    int64_t at;    /* the first place where it stands */
    double sum;    /* of exp(y[j] - largest), in order; >= 1, or NaN */
};

/* Shapes  y[n], n >= 1.  NaN or +infinity anywhere makes `sum` NaN. */
struct sl_softmax sl_softmax_row(int64_t n, const float *y);

/* p = scale * softmax(y).  Shapes: y[n], p[n]; p may be y. */
void sl_softmax_scaled(int64_t n, const float *y, struct sl_softmax row,
                       float scale, float *p);

#endif

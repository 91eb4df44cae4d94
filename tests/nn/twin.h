/*
 * Forward functions in double, written apart from the layers: what a layer's
 * gradients are differentiated from.
 */
#ifndef SL_TEST_TWIN_H
#define SL_TEST_TWIN_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/layer.h>

struct twin_part;

/* Shapes and constants of one evaluation. */
struct twin_size {
    int64_t rows;
    int64_t in;
    int64_t out;
    sluice_activation activation;
    double epsilon;
    const double *mask;            /* [rows][in] */
    const struct twin_part *parts; /* of a composite, up to one without f */
    bool adds_x;                   /* a residual */
};

/* y[rows][out] of x[rows][in] and the parameters, NULL where there is none. */
typedef void twin_forward(const struct twin_size *size, const double *x,
                          const double *const *params, double *y);

/* A layer inside a composite; its rows and `in` follow. */
struct twin_part {
    twin_forward *f;
    int n_params;
    struct twin_size size;
};

twin_forward twin_linear;
twin_forward twin_head;
twin_forward twin_activate;
twin_forward twin_glu;
twin_forward twin_layer_norm;
twin_forward twin_rms_norm;
twin_forward twin_masked;    /* y = x * mask */
twin_forward twin_scaled;    /* y = x * params[0] */
twin_forward twin_positions; /* y = x + params[0] */
twin_forward twin_composite;

#endif

/*
 * A layer that makes the matrix products of another layer, with weights of its
 * own, and nothing else; it notes what each call took.
 */
#ifndef BENCH_ROOFLINE_PRODUCT_LAYER_H
#define BENCH_ROOFLINE_PRODUCT_LAYER_H

#include <stdint.h>

#include <sluice/layer.h>

enum product_kind {
    PRODUCT_FORWARD,
    PRODUCT_INPUT, /* of the layer's x: the first layer of a model has none */
    PRODUCT_WEIGHT,
    N_PRODUCT_KINDS
};

/* The newest calls of one layer. */
enum { PRODUCT_CALLS = 64 };
struct product_calls {
    int n[N_PRODUCT_KINDS]; /* calls so far; 0 at first */
    double ns[N_PRODUCT_KINDS][PRODUCT_CALLS];
};

struct product_layer_config {
    const sluice_layer_plan *like; /* outlives the model */
    struct product_calls *calls;   /* [owner: the device of the layer] */
};

const sluice_layer_ops *product_layer(void);

/* The median of the calls of a kind, in ns; 0 if there were none. */
double product_calls_median(const struct product_calls *calls,
                            enum product_kind kind);

#endif

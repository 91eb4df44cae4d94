/*
 * Check a layer of your own: its gradients against differences of its forward.
 */
#ifndef SLUICE_GRADIENT_CHECK_H
#define SLUICE_GRADIENT_CHECK_H

#include <stdint.h>

#include <sluice/export.h>
#include <sluice/layer.h>
#include <sluice/memory.h>
#include <sluice/shape.h>
#include <sluice/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Zero means the default in every field except `input`. */
typedef struct sluice_gradient_config {
    sluice_shape input;      /* of a row; must be given */
    int64_t rows;            /* default 3 */
    const int32_t *integers; /* x[rows][input], for a layer that takes integers;
                                NULL: x is floats */
    double step;             /* what a value is changed by; default 1/128 */
    double tolerance; /* how far a gradient may be from a difference, as a share
                         of the largest difference of its tensor; default
                         0.01 */
    uint64_t seed;    /* of x, dy and the parameters, which are in [-1, 1) */
    const sluice_allocator *allocator; /* NULL: malloc */
} sluice_gradient_config;

/* The gradient that is furthest from its difference. */
typedef struct sluice_gradient_report {
    char tensor[SLUICE_PARAM_NAME]; /* "x", or the parameter's name */
    int64_t element;                /* of it, from 0 */
    double gradient;                /* what the layer says */
    double difference;              /* what the differences say */
    double apart;      /* their distance, as a share like `tolerance` */
    int64_t n_checked; /* elements of all tensors */
    int64_t n_skipped; /* elements at a kink, such as relu has at 0, where two
                          differences do not agree with each other */
} sluice_gradient_report;

/*
 * Call the layer as a device does, on random numbers.  For y = forward(x) and a
 * random dy, the gradients of sum(dy * y) by x and by each parameter that is
 * not a statistic must be central differences of that sum.  Furthermore
 *
 *     - forward() gives the same bits when it is called again
 *     - backward_weight() adds to what is there, if told to accumulate
 *     - backward_input() without dx leaves the same weight gradients
 *
 * x and y are NULL in the backward passes unless the plan says needs_x or
 * needs_y, and buffers are as large as the plan says.
 *
 * Shapes   `report` may be NULL.
 * Threads  any; it calls the layer on the caller's thread.
 * Returns  SLUICE_OK, also for a layer without gradients; SLUICE_INVALID with
 *          the tensor, the element and both values if a gradient is wrong, for
 *          what else the layer does not keep, for a config out of range, for a
 *          stash or a pop, and as sluice_model_add(); SLUICE_NO_MEMORY; or what
 * the layer returns.
 */
SLUICE_API sluice_status
sluice_gradient_check(const sluice_layer_ops *layer, const void *layer_config,
                      const sluice_gradient_config *config,
                      sluice_gradient_report *report, sluice_diag *why);

#ifdef __cplusplus
}
#endif

#endif

/*
 * Matrix products of layers, which the pipeline settles: it chooses the library
 * that makes them.
 */
#ifndef SLUICE_PRODUCT_H
#define SLUICE_PRODUCT_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/export.h>
#include <sluice/status.h>

#ifdef __cplusplus
extern "C" {
#endif

struct sluice_layer_call;

/*
 * A matrix product of a layer: vectors of `in` elements times a parameter
 * w[in][out], one for each row of a micro-batch, or as many as `rows_per_row`
 * says.  If a layer lists its products in its plan and computes them
 * with sluice_product_forward(), sluice_product_input() and
 * sluice_product_weight(), the pipeline chooses the library that computes them
 * and whether to keep a packed copy of the weights.
 */
typedef struct sluice_product_spec {
    int param; /* w, among the layer's parameters */
    int64_t in;
    int64_t out;
    int64_t rows_per_row; /* vectors of one row; 0 means 1 */

    /* The layer computes the product itself, from w[out][in], as a convolution
     * does: it does not call the functions below.  The pipeline chooses the
     * library, and keeps room for copies of w in the layout that tiles of the
     * backend `packed` read: [0] for the forward, [1] for the input gradient.
     */
    bool own;
    int64_t copy_bytes[2]; /* 0: the layer needs no such copy */
    int64_t copy_parts[2]; /* equal parts in which a team divides a copy, as
                              it divides columns; 0: the copy is whole */
} sluice_product_spec;

/* A product as the pipeline has settled it. */
struct sluice_product;

/*
 * Product k of the layer: forward y = x * w, input dx = dy * transpose(w),
 * weight dw (+)= transpose(x) * dy, where w is params[products[k].param].
 *
 * Shapes      x[n][in], y and dy [n][out], w and dw [in][out], with n = rows *
 *             rows_per_row.
 *             A team makes the results together, see team.h: each of its
 *             devices calls.
 * Accumulates weight, if `accumulate`, else overwrites; the others overwrite.
 * Threads     within a call of the layer, on its thread.
 * Returns     SLUICE_OK; SLUICE_INVALID if n is too large for BLAS, 2^31 or
 *             more; SLUICE_NO_MEMORY, SLUICE_SYSTEM if the library that
 *             makes the product refused; SLUICE_CLOSED, in a team, if the step
 *             has failed elsewhere.
 */
SLUICE_API sluice_status sluice_product_forward(
    const struct sluice_layer_call *call, int k, const float *x, float *y);
SLUICE_API sluice_status sluice_product_input(
    const struct sluice_layer_call *call, int k, const float *dy, float *dx);
SLUICE_API sluice_status sluice_product_weight(
    const struct sluice_layer_call *call, int k, const float *x,
    const float *dy, bool accumulate, float *dw);

#ifdef __cplusplus
}
#endif

#endif

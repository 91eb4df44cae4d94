/*
 * A layer and a loss that check what they are handed, and let a test look on
 * or interfere at every pass.
 *
 * The layer: y[i] = x[i] * weight[i].  In `saved` it leaves a mark of (step,
 * layer, row); a backward that finds another one, an x or y that do not belong
 * together, or a pass that the contract rules out, fails with SLUICE_FORMAT.
 * Its workspace is overwritten in every pass.
 *
 * The loss: terms (y - t)^2 / 2; a target is its row's number in the mini-batch
 * and one t for all elements.
 */
#ifndef SL_TEST_PROBE_H
#define SL_TEST_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/layer.h>
#include <sluice/loss.h>

enum sl_test_pass {
    SL_TEST_FORWARD,
    SL_TEST_RECOMPUTE,
    SL_TEST_INPUT,
    SL_TEST_WEIGHT, /* after the gradient was written */
    SL_TEST_LOSS_FORWARD,
    SL_TEST_LOSS_BACKWARD,
};

/* Where a pass happens. */
struct sl_test_cell {
    enum sl_test_pass pass;
    int layer;         /* -1: the loss */
    int64_t first_row; /* of the micro-batch */
    bool has_y;        /* the layer was handed its y */
    float *gradient;   /* of the weight, in SL_TEST_WEIGHT; else NULL */
    sluice_diag *why;
};

/* Runs in the pass, on the device's thread.  What it returns the pass does. */
typedef sluice_status sl_test_watch(void *context,
                                    const struct sl_test_cell *cell);

/* The layer's config. */
struct sl_test_probe {
    sl_test_watch *watch; /* may be NULL */
    void *context;
};
const sluice_layer_ops *sl_test_probe_layer(void);

/* The target of a row.  A loss has no config: the watch comes with it. */
struct sl_test_target {
    const struct sl_test_probe *probe;
    int32_t row;
    float t;
};
const sluice_loss_ops *sl_test_probe_loss(void);

#endif

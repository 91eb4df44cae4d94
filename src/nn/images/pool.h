/*
 * Pooling: what its layers have in common.  Padding takes no part in the
 * result; where an average counts it, it counts as zeros.  Any thread.
 */
#ifndef SL_NN_IMAGES_POOL_H
#define SL_NN_IMAGES_POOL_H

#include <sluice/image_layers.h>

#include "nn/images/image.h"

struct sl_pool {
    int64_t channels;
    struct sl_window window;
};

/* Of a config that was checked. */
struct sl_pool sl_pool_of(const sluice_pool_config *config,
                          const sluice_shape *in);

/* What is not padding under the window of an output: rows and columns of the
 * plane from first to before end; and where the window begins. */
struct sl_patch {
    int64_t row;
    int64_t column;
    int64_t first_row;
    int64_t end_row;
    int64_t first_column;
    int64_t end_column;
};

static inline struct sl_patch sl_pool_patch(const struct sl_window *w,
                                            int64_t i, int64_t j)
{
    int64_t row = i * w->stride - w->padding;
    int64_t column = j * w->stride - w->padding;
    int64_t end_row = row + w->kernel, end_column = column + w->kernel;
    return (struct sl_patch){
        .row = row,
        .column = column,
        .first_row = row > 0 ? row : 0,
        .end_row = end_row < w->height ? end_row : w->height,
        .first_column = column > 0 ? column : 0,
        .end_column = end_column < w->width ? end_column : w->width,
    };
}

/*
 * infer() of `layer`: the shape of y, and operations for each element under a
 * window.
 *
 * Threads  the thread that builds the model.
 * Returns  SLUICE_OK; SLUICE_INVALID for rows that are no images, and for a
 *          window that does not fit or can be nothing but padding.
 */
sluice_status sl_pool_infer(const char *layer, const sluice_pool_config *config,
                            sluice_layer_plan *plan, sluice_diag *why);

/* The options of a sluice_pool_config. */
enum { SL_POOL_N_OPTIONS = 3 };
extern const sluice_option sl_pool_options[SL_POOL_N_OPTIONS];

#endif

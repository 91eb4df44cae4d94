/*
 * Images: what the layers on planes of pixels have in common.  A row is an
 * image [channels, height, width], or one channel of it, [height, width].
 */
#ifndef SL_NN_IMAGES_IMAGE_H
#define SL_NN_IMAGES_IMAGE_H

#include <sluice/layer.h>
#include <sluice/status.h>

#include "tensor/planes/window.h"

struct sl_image {
    int64_t channels;
    int64_t height;
    int64_t width;
};

/* Elements of a plane. */
static inline int64_t sl_image_plane(struct sl_image image)
{
    return image.height * image.width;
}

/* A shape of two or three dims as an image. */
struct sl_image sl_image_of(const sluice_shape *shape);

/* The shape [channels, height, width]. */
sluice_shape sl_image_shape(struct sl_image image);

/*
 * Whether the rows that `layer` is handed are images.
 *
 * Threads  the thread that builds the model.
 * Returns  SLUICE_OK, or SLUICE_INVALID with a sentence.
 */
sluice_status sl_image_check(const char *layer, const sluice_shape *in,
                             sluice_diag *why);

enum { SL_WINDOW_MOST = 4096 }; /* of a kernel, stride or padding */

/* The weight and bias of a normalization, one each for a channel. */
void sl_image_norm_params(int64_t channels, sluice_param_spec params[2]);

/* What a layer is told about its window. */
struct sl_window_wish {
    int64_t kernel;
    int64_t stride;
    int64_t padding;
};

/* The window over an image, with its outputs; they may be none. */
struct sl_window sl_image_window(struct sl_image image,
                                 struct sl_window_wish wish);

/*
 * Whether there is such a window: each size in its bounds, and no output of
 * padding alone.
 *
 * Threads  the thread that builds the model.
 * Returns  SLUICE_OK, or SLUICE_INVALID with a sentence.
 */
sluice_status sl_image_check_window(const char *layer, struct sl_image image,
                                    struct sl_window_wish wish,
                                    sluice_diag *why);

#endif

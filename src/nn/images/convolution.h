/*
 * The sizes of a convolution, and the parts in which it is made.  Any thread.
 *
 * A part is a band of rows of the output, in a group of channels of an image:
 * one product of matrices.  How high a band is follows from the layer alone.
 */
#ifndef SL_NN_IMAGES_CONVOLUTION_H
#define SL_NN_IMAGES_CONVOLUTION_H

#include <stdbool.h>

#include <sluice/image_layers.h>
#include <sluice/layer.h>

#include "base/split.h"
#include "nn/images/image.h"
#include "tensor/planes/im2col.h"

enum sl_conv_param { SL_CONV_WEIGHT, SL_CONV_BIAS };

struct sl_convolution {
    struct sl_window window;
    int64_t groups;
    int64_t in;      /* channels of x in a group */
    int64_t out;     /* of y */
    int64_t depth;   /* elements under the window: rows of the matrix */
    int64_t x_plane; /* elements */
    int64_t y_plane;
    int64_t band; /* rows of y that are made at once */
};

struct sl_convolution_part {
    int64_t group;
    struct sl_band band;
    int64_t width; /* elements of the band in a plane: columns of the matrix */
    int64_t x_at;  /* of the group's planes, in x */
    int64_t y_at;  /* of the band in the group's first plane, in y */
};

/* The window that a config asks for. */
struct sl_window_wish sl_convolution_wish(const sluice_conv2d_config *config);

/* What a config that was checked makes of images of the shape `in`. */
struct sl_convolution sl_convolution_of(const sluice_conv2d_config *config,
                                        const sluice_shape *in);

/* What a device makes: channels of y in forward and weight gradient, channels
 * of x in the input gradient; all without a team.  Its weights are those of its
 * channels of y. */
struct sl_convolution_share {
    struct sl_rows y;
    struct sl_rows x;
};

struct sl_convolution_share
sl_convolution_share(const struct sl_convolution *conv,
                     const sluice_layer_call *call);

/* Those of its channels `own` that are in group `group`, of `n` channels;
 * counted in the group. */
struct sl_rows sl_convolution_in_group(struct sl_rows own, int64_t group,
                                       int64_t n);

/* The weights that it has of channel `first` of y of a group on. */
int64_t sl_convolution_weights_at(const struct sl_convolution *conv,
                                  struct sl_rows own_y, int64_t group,
                                  int64_t first);

/*
 * The weights of the device's channels of x, for all of y: group by group
 * [out][its channels in the group][kernel][kernel].  Without a team the
 * parameter as it is.
 *
 * `to`   room for them, of a team, where they are put together.
 */
const float *sl_convolution_joined(const struct sl_convolution *conv,
                                   const sluice_layer_call *call, float *to);

/* Set to 0 the device's channels of call->dx. */
void sl_convolution_clear(const struct sl_convolution *conv,
                          const sluice_layer_call *call);

/* Whether the matrix of a band is the image as it is. */
bool sl_convolution_is_pointwise(const struct sl_convolution *conv);

/* Bytes of the largest matrix. */
int64_t sl_convolution_bytes(const struct sl_convolution *conv);

/* Parts of an image. */
int64_t sl_convolution_n_parts(const struct sl_convolution *conv);

/* Part `i` of a micro-batch: bands follow each other, then groups, then
 * images. */
struct sl_convolution_part
sl_convolution_part(const struct sl_convolution *conv, int64_t i);

#endif

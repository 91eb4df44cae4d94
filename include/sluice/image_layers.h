/*
 * Layers on images.  A row of their input is an image of one or more planes of
 * pixels: x[channels][height][width], as PyTorch has it, or x[height][width],
 * which is one channel.
 *
 * A field of a config that is 0 means 0; a default is named beside its field.
 * Where 0 is not possible it is refused.
 */
#ifndef SLUICE_IMAGE_LAYERS_H
#define SLUICE_IMAGE_LAYERS_H

#include <sluice/layer.h>

#ifdef __cplusplus
extern "C" {
#endif

/* y = x in another shape of as many elements.  Saves nothing. */
typedef struct sluice_reshape_config {
    int64_t channels;
    int64_t height;
    int64_t width;
} sluice_reshape_config;
SLUICE_API const sluice_layer_ops *sluice_reshape(void);

/* y = x as a vector.  Saves nothing. */
SLUICE_API const sluice_layer_ops *sluice_flatten(void);

/*
 * y[o][i][j] = act(bias[o] + sum over c, a, b of weight[o][c][a][b] *
 * x[c][i * stride - padding + a][j * stride - padding + b]), x being 0 outside
 * of the image: torch.nn.Conv2d.  With `groups` the channels of x and y are
 * divided into so many equal parts, and the outputs of each see the inputs of
 * the same part.
 *
 * The weights have PyTorch's layout.  They start by HE or XAVIER, as suits the
 * activation, with fan_in = in / groups * kernel^2; the bias starts at zero.
 *
 * The bits of an image do not depend on the other rows of its micro-batch;
 * those of a weight gradient do.
 *
 * Shapes   x[rows, in, height, width], weight[out, in / groups, kernel,
 *          kernel], bias[out], y[rows, out, height', width'] with height' =
 *          (height + 2 padding - kernel) / stride + 1, rounded down.
 * Saves    as a linear layer: the argument of act for gelu, gelu_tanh and silu.
 */
typedef struct sluice_conv2d_config {
    int64_t channels; /* of y */
    int64_t kernel;   /* height and width of the window */
    int64_t stride;
    int64_t padding; /* on each side, less than the kernel */
    int64_t groups;
    sluice_activation activation;
    bool no_bias;
} sluice_conv2d_config;
SLUICE_API const sluice_layer_ops *sluice_conv2d(void);

/*
 * max_pool: y is the largest element under each window that is not padding, of
 * equal ones the first; NaN counts as larger than every number.
 * average_pool: the sum of those, divided by kernel^2, as if padding was 0.
 * PyTorch's MaxPool2d and AvgPool2d.
 *
 * Shapes  x[rows, channels, height, width], y[rows, channels, height', width']
 *         as conv2d.
 * Saves   max_pool the place in each window, a byte for an element of y;
 *         average_pool nothing.
 */
typedef struct sluice_pool_config {
    int64_t kernel;  /* height and width of the window; max_pool: at most 16 */
    int64_t stride;  /* 0: as the kernel */
    int64_t padding; /* on each side, at most half of the kernel */
} sluice_pool_config;
SLUICE_API const sluice_layer_ops *sluice_max_pool(void);
SLUICE_API const sluice_layer_ops *sluice_average_pool(void);

/* y[rows, channels] are the means of the planes.  Saves nothing. */
SLUICE_API const sluice_layer_ops *sluice_global_average_pool(void);

/*
 * y[c][i][j] = x[c][i / factor][j / factor], rounded down: the nearest pixel.
 *
 * Shapes  y[rows, channels, factor * height, factor * width].
 * Saves   nothing.
 */
typedef struct sluice_upsample_config {
    int64_t factor;
} sluice_upsample_config;
SLUICE_API const sluice_layer_ops *sluice_upsample(void);

/*
 * y = (x - mean) / sqrt(variance + epsilon) * weight + bias, over the elements
 * of a group of channels of an image (Wu and He, 2018).
 *
 * Shapes  weight and bias [channels], y as x.
 * Saves   mean and 1 / sqrt(variance + epsilon) of each group.
 */
typedef struct sluice_group_norm_config {
    int64_t groups; /* divides the channels */
    float epsilon;  /* 0 means 1e-5 */
} sluice_group_norm_config;
SLUICE_API const sluice_layer_ops *sluice_group_norm(void);

/*
 * y = act((x - mean) / sqrt(variance + epsilon) * weight + bias), with mean and
 * variance of a channel over all rows of the micro-batch (Ioffe and Szegedy,
 * 2015).  A vector is taken as channels of one element.  The rows of a
 * micro-batch see each other, so the number of micro-batches is part of what
 * is trained.
 *
 * Evaluation and inference use running_mean and running_var.  They follow the
 * mean and variance of the whole mini-batch, as GPipe has it (Huang et al.,
 * 2019): running = (1 - momentum) * running + momentum * new, the variance
 * with n - 1 in the denominator, as PyTorch.  They change when a step commits,
 * once for each update; recomputing does not count.  num_batches_tracked
 * counts the updates.
 *
 * Shapes  all but num_batches_tracked[1] are [channels]; y as x.
 * Saves   mean, variance and two sums of each channel, in as much room for
 *         each row.
 */
typedef struct sluice_batch_norm_config {
    float momentum; /* 0 to 1; usual: 0.1.  0 keeps the running statistics */
    float epsilon;  /* 0 means 1e-5 */
    sluice_activation activation; /* one pass less than as a layer of its own,
                                     with the same bits */
} sluice_batch_norm_config;
SLUICE_API const sluice_layer_ops *sluice_batch_norm(void);

#ifdef __cplusplus
}
#endif

#endif

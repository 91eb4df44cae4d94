/* The sizes of a convolution.  Any thread. */
#include "nn/images/convolution.h"

/* A band's matrix stays in the caches that a core has for itself. */
enum { BAND_FLOATS = 1 << 17 };

static int64_t band_of(int64_t depth, const struct sl_window *w)
{
    int64_t rows = BAND_FLOATS / (depth * w->out_width);
    if (rows < 1)
        return 1;
    return rows < w->out_height ? rows : w->out_height;
}

struct sl_window_wish sl_convolution_wish(const sluice_conv2d_config *config)
{
    return (struct sl_window_wish){config->kernel, config->stride,
                                   config->padding};
}

struct sl_convolution sl_convolution_of(const sluice_conv2d_config *config,
                                        const sluice_shape *in)
{
    struct sl_image image = sl_image_of(in);
    struct sl_window w = sl_image_window(image, sl_convolution_wish(config));
    int64_t channels = image.channels / config->groups;
    int64_t depth = channels * w.kernel * w.kernel;
    return (struct sl_convolution){
        .window = w,
        .groups = config->groups,
        .in = channels,
        .out = config->channels / config->groups,
        .depth = depth,
        .x_plane = sl_image_plane(image),
        .y_plane = w.out_height * w.out_width,
        .band = band_of(depth, &w),
    };
}

bool sl_convolution_is_pointwise(const struct sl_convolution *conv)
{
    return conv->window.kernel == 1 && conv->window.stride == 1;
}

int64_t sl_convolution_bytes(const struct sl_convolution *conv)
{
    if (sl_convolution_is_pointwise(conv))
        return 0;
    return conv->depth * conv->band * conv->window.out_width *
           (int64_t)sizeof(float);
}

static int64_t n_bands(const struct sl_convolution *conv)
{
    return (conv->window.out_height + conv->band - 1) / conv->band;
}

int64_t sl_convolution_n_parts(const struct sl_convolution *conv)
{
    return conv->groups * n_bands(conv);
}

struct sl_convolution_part
sl_convolution_part(const struct sl_convolution *conv, int64_t i)
{
    int64_t first = i % n_bands(conv) * conv->band;
    int64_t group = i / n_bands(conv); /* of all images */
    int64_t left = conv->window.out_height - first;
    int64_t rows = left < conv->band ? left : conv->band;
    return (struct sl_convolution_part){
        .group = group % conv->groups,
        .band = {conv->in, first, rows},
        .width = rows * conv->window.out_width,
        .x_at = group * conv->in * conv->x_plane,
        .y_at =
            group * conv->out * conv->y_plane + first * conv->window.out_width,
    };
}

/* The sizes of a convolution.  Any thread. */
#include "nn/images/convolution.h"

#include <string.h>

#include "nn/team/team.h"

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

struct sl_convolution_share
sl_convolution_share(const struct sl_convolution *conv,
                     const sluice_layer_call *call)
{
    return (struct sl_convolution_share){
        .y = sl_team_share(call, conv->groups * conv->out),
        .x = sl_team_share(call, conv->groups * conv->in),
    };
}

struct sl_rows sl_convolution_in_group(struct sl_rows own, int64_t group,
                                       int64_t n)
{
    int64_t first = own.first - group * n, end = first + own.n;
    first = first > 0 ? first : 0;
    end = end < n ? end : n;
    return (struct sl_rows){first, end > first ? end - first : 0};
}

int64_t sl_convolution_weights_at(const struct sl_convolution *conv,
                                  struct sl_rows own_y, int64_t group,
                                  int64_t first)
{
    return (group * conv->out + first - own_y.first) * conv->depth;
}

/* Of the channels `made` of x, one group. */
static float *join_group(const struct sl_convolution *conv,
                         const sluice_layer_call *call, int64_t group,
                         struct sl_rows made, float *to)
{
    int n_shards = call->team->n_shards;
    int64_t area = conv->window.kernel * conv->window.kernel;
    const float *const *shards = call->shards + SL_CONV_WEIGHT * n_shards;
    for (int s = 0; s < n_shards; s++) {
        struct sl_rows theirs =
            sl_split_columns(conv->groups * conv->out, n_shards, s);
        struct sl_rows y = sl_convolution_in_group(theirs, group, conv->out);
        const float *from =
            shards[s] +
            sl_convolution_weights_at(conv, theirs, group, y.first) +
            made.first * area;
        for (int64_t c = 0; c < y.n; c++, to += made.n * area)
            memcpy(to, from + c * conv->depth,
                   (size_t)(made.n * area) * sizeof *to);
    }
    return to;
}

const float *sl_convolution_joined(const struct sl_convolution *conv,
                                   const sluice_layer_call *call, float *to)
{
    if (!call->team)
        return call->params[SL_CONV_WEIGHT];
    struct sl_rows own = sl_convolution_share(conv, call).x;
    float *at = to;
    for (int64_t g = 0; g < conv->groups; g++)
        at = join_group(conv, call, g,
                        sl_convolution_in_group(own, g, conv->in), at);
    return to;
}

void sl_convolution_clear(const struct sl_convolution *conv,
                          const sluice_layer_call *call)
{
    struct sl_rows own = sl_convolution_share(conv, call).x;
    int64_t image = conv->groups * conv->in * conv->x_plane;
    for (int64_t r = 0; r < call->rows; r++)
        memset(call->dx + r * image + own.first * conv->x_plane, 0,
               (size_t)(own.n * conv->x_plane) * sizeof *call->dx);
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

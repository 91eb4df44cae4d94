/* Images, and windows over them.  Any thread. */
#include "nn/images/image.h"

#include <inttypes.h>

struct sl_image sl_image_of(const sluice_shape *shape)
{
    const int64_t *end = &shape->dims[shape->n_dims];
    return (struct sl_image){shape->n_dims > 2 ? end[-3] : 1, end[-2], end[-1]};
}

sluice_shape sl_image_shape(struct sl_image image)
{
    return (sluice_shape){3, {image.channels, image.height, image.width}};
}

sluice_status sl_image_check(const char *layer, const sluice_shape *in,
                             sluice_diag *why)
{
    if ((in->n_dims == 2 || in->n_dims == 3) &&
        sl_image_of(in).channels <= INT32_MAX)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "%s: its input has %d dims; it takes images, "
                           "channels x height x width or height x width; put "
                           "reshape(channels, height=H, width=W) before it",
                           layer, in->n_dims);
}

/* Outputs along an axis of n inputs. */
static int64_t outputs(int64_t n, struct sl_window_wish wish)
{
    int64_t room = n + 2 * wish.padding - wish.kernel;
    return room < 0 ? 0 : room / wish.stride + 1;
}

struct sl_window sl_image_window(struct sl_image image,
                                 struct sl_window_wish wish)
{
    return (struct sl_window){
        .height = image.height,
        .width = image.width,
        .kernel = wish.kernel,
        .stride = wish.stride,
        .padding = wish.padding,
        .out_height = outputs(image.height, wish),
        .out_width = outputs(image.width, wish),
    };
}

sluice_status sl_image_check_window(const char *layer, struct sl_image image,
                                    struct sl_window_wish wish,
                                    sluice_diag *why)
{
    if (wish.kernel < 1 || wish.kernel > SL_WINDOW_MOST || wish.stride < 1 ||
        wish.stride > SL_WINDOW_MOST)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "%s: a kernel of %" PRId64
                               " and a stride of %" PRId64
                               "; give 1 to %d each",
                               layer, wish.kernel, wish.stride, SL_WINDOW_MOST);
    if (wish.padding < 0 || wish.padding >= wish.kernel)
        return sluice_diag_set(
            why, SLUICE_INVALID,
            "%s: a padding of %" PRId64 "; with a kernel of %" PRId64
            " it can be 0 to %" PRId64,
            layer, wish.padding, wish.kernel, wish.kernel - 1);
    if (outputs(image.height, wish) < 1 || outputs(image.width, wish) < 1)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "%s: an image of %" PRId64 " x %" PRId64
                               " with a padding of %" PRId64
                               " has no room for a kernel of %" PRId64,
                               layer, image.height, image.width, wish.padding,
                               wish.kernel);
    return SLUICE_OK;
}

void sl_image_norm_params(int64_t channels, sluice_param_spec params[2])
{
    params[0] = (sluice_param_spec){
        .name = "weight",
        .shape = sluice_shape_vector(channels),
        .init = SLUICE_INIT_ONE,
    };
    params[1] = (sluice_param_spec){
        .name = "bias",
        .shape = sluice_shape_vector(channels),
    };
}

/* Pooling.  Any thread. */
#include "nn/images/pool.h"

#include <inttypes.h>

#include "nn/layers/positions.h"

const sluice_option sl_pool_options[SL_POOL_N_OPTIONS] = {
    {
        .name = "kernel",
        .help = "height and width of the window",
        .type = SLUICE_OPTION_INTEGER,
        .offset = offsetof(sluice_pool_config, kernel),
        .bytes = sizeof(int64_t),
        .required = true,
        .min = 1,
        .max = SL_WINDOW_MOST,
    },
    {
        .name = "stride",
        .help = "pixels from window to window; 0: as many as the kernel",
        .type = SLUICE_OPTION_INTEGER,
        .offset = offsetof(sluice_pool_config, stride),
        .bytes = sizeof(int64_t),
        .max = SL_WINDOW_MOST,
    },
    {
        .name = "padding",
        .help = "pixels on each side, at most half of the kernel",
        .type = SLUICE_OPTION_INTEGER,
        .offset = offsetof(sluice_pool_config, padding),
        .bytes = sizeof(int64_t),
        .max = SL_WINDOW_MOST,
    },
};

static struct sl_window_wish wish_of(const sluice_pool_config *config)
{
    return (struct sl_window_wish){
        config->kernel,
        config->stride ? config->stride : config->kernel,
        config->padding,
    };
}

struct sl_pool sl_pool_of(const sluice_pool_config *config,
                          const sluice_shape *in)
{
    struct sl_image image = sl_image_of(in);
    return (struct sl_pool){image.channels,
                            sl_image_window(image, wish_of(config))};
}

sluice_status sl_pool_infer(const char *layer, const sluice_pool_config *config,
                            sluice_layer_plan *plan, sluice_diag *why)
{
    sluice_status st = sl_image_check(layer, &plan->in, why);
    if (st)
        return st;
    struct sl_image image = sl_image_of(&plan->in);
    st = sl_image_check_window(layer, image, wish_of(config), why);
    if (st)
        return st;
    if (config->padding > config->kernel / 2)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "%s: a padding of %" PRId64
                               "; at most half of the kernel of %" PRId64
                               " is possible",
                               layer, config->padding, config->kernel);
    struct sl_window w = sl_image_window(image, wish_of(config));
    plan->out = sl_image_shape(
        (struct sl_image){image.channels, w.out_height, w.out_width});
    int64_t n = sluice_shape_elements(&plan->out);
    int64_t area = w.kernel * w.kernel;
    plan->forward_row_flops = sl_size_times(n, area);
    plan->input_row_flops = plan->forward_row_flops;
    return SLUICE_OK;
}

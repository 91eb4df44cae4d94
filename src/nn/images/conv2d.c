/* Convolution: by tiles where the pipeline has chosen them, else in bands.  The
 * stage's device. */
#include <sluice/image_layers.h>

#include <inttypes.h>
#include "nn/images/banded_conv.h"
#include "nn/images/tiled_conv.h"
#include "nn/layers/activation.h"
#include "nn/rows/given.h"
#include "tensor/gemm.h"
#include "tensor/planes/plane_sums.h"

static const sluice_option options[] = {
    {
        .name = "channels",
        .help = "planes of an image of the output",
        .type = SLUICE_OPTION_INTEGER,
        .offset = offsetof(sluice_conv2d_config, channels),
        .bytes = sizeof(int64_t),
        .required = true,
        .min = 1,
        .max = SL_GEMM_MAX_SIZE,
    },
    {
        .name = "kernel",
        .help = "height and width of the window",
        .type = SLUICE_OPTION_INTEGER,
        .offset = offsetof(sluice_conv2d_config, kernel),
        .bytes = sizeof(int64_t),
        .preset = 3,
        .min = 1,
        .max = SL_WINDOW_MOST,
    },
    {
        .name = "stride",
        .help = "pixels from window to window",
        .type = SLUICE_OPTION_INTEGER,
        .offset = offsetof(sluice_conv2d_config, stride),
        .bytes = sizeof(int64_t),
        .preset = 1,
        .min = 1,
        .max = SL_WINDOW_MOST,
    },
    {
        .name = "padding",
        .help = "zeros on each side, fewer than the window has pixels",
        .type = SLUICE_OPTION_INTEGER,
        .offset = offsetof(sluice_conv2d_config, padding),
        .bytes = sizeof(int64_t),
        .max = SL_WINDOW_MOST,
    },
    {
        .name = "groups",
        .help = "parts of the channels that do not see each other",
        .type = SLUICE_OPTION_INTEGER,
        .offset = offsetof(sluice_conv2d_config, groups),
        .bytes = sizeof(int64_t),
        .preset = 1,
        .min = 1,
        .max = SL_GEMM_MAX_SIZE,
    },
    {
        .name = "activation",
        .help = "what is applied to each element",
        .type = SLUICE_OPTION_CHOICE,
        .offset = offsetof(sluice_conv2d_config, activation),
        .bytes = sizeof(sluice_activation),
        .choice = sl_activation_word,
    },
    {
        .name = "no-bias",
        .help = "nothing is added to the sums",
        .type = SLUICE_OPTION_FLAG,
        .offset = offsetof(sluice_conv2d_config, no_bias),
        .bytes = sizeof(bool),
    },
};

static sluice_status check_channels(const sluice_conv2d_config *config,
                                    struct sl_image image, sluice_diag *why)
{
    if (config->channels < 1 || config->channels > SL_GEMM_MAX_SIZE)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "conv2d: %" PRId64
                               " output channels; set `channels` to 1 to %d",
                               config->channels, SL_GEMM_MAX_SIZE);
    if (config->groups < 1 || image.channels % config->groups ||
        config->channels % config->groups)
        return sluice_diag_set(
            why, SLUICE_INVALID,
            "conv2d: %" PRId64 " groups; their number must divide the %" PRId64
            " channels of the input and the %" PRId64 " of the output",
            config->groups, image.channels, config->channels);
    if (!sl_activation_get(config->activation))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "conv2d: %d is not a sluice_activation",
                               (int)config->activation);
    return SLUICE_OK;
}

/* BLAS counts in int, and operations are counted in int64_t. */
static sluice_status check_sizes(const sluice_shape *weight, int64_t x_plane,
                                 const sluice_shape *out, sluice_diag *why)
{
    int64_t most = SL_GEMM_MAX_SIZE;
    int64_t w = sluice_shape_elements(weight), y = sluice_shape_elements(out);
    bool counts = w >= 1 && y >= 1;
    int64_t depth = counts ? w / weight->dims[0] : 0;
    if (counts && depth <= most && y / out->dims[0] <= most &&
        x_plane <= most && y <= INT64_MAX / 64 / depth)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "conv2d: a plane or the weights of an output "
                           "channel have more than %d elements, or an image "
                           "takes more operations than can be counted",
                           SL_GEMM_MAX_SIZE);
}

static sluice_status check(const sluice_conv2d_config *config,
                           const sluice_shape *in, sluice_diag *why)
{
    sluice_status st = sl_image_check("conv2d", in, why);
    if (st)
        return st;
    struct sl_image image = sl_image_of(in);
    st = check_channels(config, image, why);
    return st ? st
              : sl_image_check_window("conv2d", image,
                                      sl_convolution_wish(config), why);
}

static void set_params(const sluice_conv2d_config *config,
                       sluice_layer_plan *plan)
{
    int64_t in = sl_image_of(&plan->in).channels / config->groups;
    int64_t area = config->kernel * config->kernel;
    plan->n_params = config->no_bias ? 1 : 2;
    plan->params[SL_CONV_WEIGHT] = (sluice_param_spec){
        .name = "weight",
        .shape = {4, {config->channels, in, config->kernel, config->kernel}},
        .init = sl_activation_get(config->activation)->init,
        .fan_in = in * area,
        .fan_out = config->channels / config->groups * area,
        .divided = true,
        .by_rows = true,
    };
    if (!config->no_bias)
        plan->params[SL_CONV_BIAS] = (sluice_param_spec){
            .name = "bias",
            .shape = sluice_shape_vector(config->channels),
            .divided = true,
        };
}

static void set_costs(const sluice_conv2d_config *config,
                      sluice_layer_plan *plan)
{
    const struct sl_activation *act = sl_activation_get(config->activation);
    struct sl_convolution conv = sl_convolution_of(config, &plan->in);
    int64_t out = sluice_shape_elements(&plan->out);
    plan->needs_x = true;
    plan->needs_y = act->from_y;
    plan->joins_rows = true;
    plan->saved_row_bytes = act->from_z ? out * (int64_t)sizeof(float) : 0;
    plan->scratch_bytes = sl_convolution_bytes(&conv);
    plan->forward_row_flops = (2 * conv.depth + 1 + act->flops) * out;
    plan->input_row_flops = (2 * conv.depth + act->flops) * out;
    plan->weight_row_flops = (2 * conv.depth + 1) * out;
    plan->n_products = 1;
    plan->products[0] = (sluice_product_spec){
        .param = SL_CONV_WEIGHT,
        .in = conv.depth,
        .out = config->channels,
        .rows_per_row = conv.y_plane,
        .own = true,
        .copy_parts = {config->channels, conv.groups * conv.in},
    };
    sl_tiled_conv_plan(&conv, plan);
}

static sluice_status infer(const void *config, sluice_layer_plan *plan,
                           sluice_diag *why)
{
    sluice_status given = sl_layer_given("conv2d", config, plan, why);
    if (given)
        return given;
    const sluice_conv2d_config *conv2d = config;
    sluice_status st = check(conv2d, &plan->in, why);
    if (st)
        return st;
    struct sl_image image = sl_image_of(&plan->in);
    struct sl_window window =
        sl_image_window(image, sl_convolution_wish(conv2d));
    plan->out = sl_image_shape((struct sl_image){
        conv2d->channels, window.out_height, window.out_width});
    set_params(conv2d, plan);
    st = check_sizes(&plan->params[SL_CONV_WEIGHT].shape, sl_image_plane(image),
                     &plan->out, why);
    if (!st)
        set_costs(conv2d, plan);
    return st;
}

static struct sl_convolution convolution_of(const sluice_layer_call *call)
{
    return sl_convolution_of(call->config, &call->plan->in);
}

static const struct sl_activation *activation_of(const sluice_layer_call *call)
{
    const sluice_conv2d_config *conv2d = call->config;
    return sl_activation_get(conv2d->activation);
}

/* The device's channels of each image of y: elements first to first + n. */
static struct sl_rows elements_of(const sluice_layer_call *call)
{
    struct sl_convolution conv = convolution_of(call);
    struct sl_rows own = sl_convolution_share(&conv, call).y;
    return (struct sl_rows){own.first * conv.y_plane, own.n * conv.y_plane};
}

/* Images whose elements, of the device, lie behind each other: all without a
 * team. */
static int64_t together(const sluice_layer_call *call)
{
    return call->team ? 1 : call->rows;
}

/* y = act(z); nothing to do for identity, where z is y. */
static void activate(const sluice_layer_call *call,
                     const struct sl_activation *act, float *z)
{
    struct sl_rows own = elements_of(call);
    int64_t image = sluice_shape_elements(&call->plan->out);
    int64_t n = together(call);
    if (!act->from_y && !act->from_z)
        return;
    for (int64_t r = 0; r < call->rows; r += n) {
        int64_t at = r * image + own.first;
        act->forward(1, n * own.n, z + at, NULL, z + at, call->y + at);
    }
}

static sluice_status forward(const sluice_layer_call *call)
{
    const struct sl_activation *act = activation_of(call);
    struct sl_convolution conv = convolution_of(call);
    const struct sl_tiles *tiles = sl_tiled_conv_tiles(call);
    float *z = act->from_z ? call->saved : call->y;
    sluice_status st = SLUICE_OK;
    if (tiles)
        sl_tiled_conv_forward(tiles, &conv, call,
                              call->plan->n_params > SL_CONV_BIAS
                                  ? call->params[SL_CONV_BIAS]
                                  : NULL,
                              z);
    else
        st = sl_banded_conv_forward(&conv, call, z);
    if (!st)
        activate(call, act, z);
    return st;
}

/* dy becomes dz = dy * act'(z), which backward_weight() needs as well. */
static void turn_back(const sluice_layer_call *call)
{
    const struct sl_activation *act = activation_of(call);
    struct sl_rows own = elements_of(call);
    const float *from = act->from_z ? call->saved : call->y;
    int64_t image = sluice_shape_elements(&call->plan->out);
    int64_t n = together(call);
    for (int64_t r = 0; r < call->rows; r += n) {
        int64_t at = r * image + own.first;
        act->backward(n * own.n, from ? from + at : NULL, call->dy + at,
                      call->dy + at);
    }
}

/* A device of a team needs dz of all channels of y for its channels of x. */
static sluice_status backward_input(const sluice_layer_call *call)
{
    struct sl_convolution conv = convolution_of(call);
    const struct sl_tiles *tiles = sl_tiled_conv_tiles(call);
    turn_back(call);
    if (!call->dx)
        return SLUICE_OK;
    sluice_status st = sluice_team_meet(call);
    if (st)
        return st;
    if (!tiles)
        return sl_banded_conv_input(&conv, call);
    sl_tiled_conv_input(tiles, &conv, call);
    return SLUICE_OK;
}

static sluice_status backward_weight(const sluice_layer_call *call)
{
    struct sl_convolution conv = convolution_of(call);
    struct sl_rows own = elements_of(call);
    const struct sl_tiles *tiles = sl_tiled_conv_tiles(call);
    sluice_status st = SLUICE_OK;
    if (tiles)
        sl_tiled_conv_weight(tiles, &conv, call, call->grads[SL_CONV_WEIGHT]);
    else
        st = sl_banded_conv_weight(&conv, call);
    if (st)
        return st;
    if (call->plan->n_params > SL_CONV_BIAS)
        sl_plane_sums(call->rows, own.n / conv.y_plane, conv.y_plane,
                      call->dy + own.first,
                      conv.groups * conv.out * conv.y_plane, call->accumulate,
                      call->grads[SL_CONV_BIAS]);
    return SLUICE_OK;
}

static const sluice_layer_ops conv2d_ops = {
    .name = "conv2d",
    .config_bytes = sizeof(sluice_conv2d_config),
    .help = "a window's products with weights, over the planes of an image",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .infer = infer,
    .forward = forward,
    .backward_input = backward_input,
    .backward_weight = backward_weight,
    .team = SLUICE_TEAM_SHARES,
};

const sluice_layer_ops *sluice_conv2d(void)
{
    return &conv2d_ops;
}

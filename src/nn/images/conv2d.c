/*
 * Convolution.  The stage's device.
 *
 * For each image, group and band of rows the inputs under the window become a
 * matrix in `scratch` (tensor/planes/im2col.h), and BLAS multiplies it.  Bands
 * bound the scratch.  Their size follows from the layer alone, so the bits do
 * not depend on the micro-batch.  With a window of one pixel the image itself
 * is that matrix.
 */
#include <sluice/image_layers.h>

#include <inttypes.h>
#include <string.h>

#include "nn/images/convolution.h"
#include "nn/layers/activation.h"
#include "nn/rows/given.h"
#include "tensor/gemm.h"
#include "tensor/planes/plane_sums.h"

enum { WEIGHT, BIAS };

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
    plan->params[WEIGHT] = (sluice_param_spec){
        .name = "weight",
        .shape = {4, {config->channels, in, config->kernel, config->kernel}},
        .init = sl_activation_get(config->activation)->init,
        .fan_in = in * area,
        .fan_out = config->channels / config->groups * area,
    };
    if (!config->no_bias)
        plan->params[BIAS] = (sluice_param_spec){
            .name = "bias",
            .shape = sluice_shape_vector(config->channels),
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
    st = check_sizes(&plan->params[WEIGHT].shape, sl_image_plane(image),
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

static struct sl_matrix weights(const struct sl_convolution *conv,
                                const sluice_layer_call *call, int64_t group)
{
    return (struct sl_matrix){
        .at = call->params[WEIGHT] + group * conv->out * conv->depth,
        .stride = conv->depth,
    };
}

/* The inputs of a part as a matrix[depth][width]. */
static struct sl_matrix inputs(const struct sl_convolution *conv,
                               const sluice_layer_call *call,
                               const struct sl_convolution_part *part)
{
    const float *x = call->x + part->x_at;
    if (sl_convolution_is_pointwise(conv))
        return (struct sl_matrix){
            .at = x + part->band.first_row * conv->window.width,
            .stride = conv->x_plane,
        };
    sl_im2col(&conv->window, part->band, x, call->scratch);
    return (struct sl_matrix){.at = call->scratch, .stride = part->width};
}

/* z = bias, to which the products are added. */
static void fill_bias(const struct sl_convolution *conv,
                      const sluice_layer_call *call, float *z)
{
    int64_t channels = conv->groups * conv->out;
    for (int64_t i = 0; i < call->rows * channels; i++, z += conv->y_plane) {
        float bias = call->params[BIAS][i % channels];
        for (int64_t k = 0; k < conv->y_plane; k++)
            z[k] = bias;
    }
}

static sluice_status forward(const sluice_layer_call *call)
{
    const struct sl_activation *act = activation_of(call);
    struct sl_convolution conv = convolution_of(call);
    bool biased = call->plan->n_params > BIAS;
    float *z = act->from_z ? call->saved : call->y;
    if (biased)
        fill_bias(&conv, call, z);
    int64_t n = call->rows * sl_convolution_n_parts(&conv);
    for (int64_t i = 0; i < n; i++) {
        struct sl_convolution_part part = sl_convolution_part(&conv, i);
        const struct sl_gemm size = {conv.out, conv.depth, part.width};
        sluice_status st = sl_gemm_multiply(
            size, weights(&conv, call, part.group), inputs(&conv, call, &part),
            biased, z + part.y_at, conv.y_plane);
        if (st)
            return st;
    }
    act->forward(1, call->rows * sluice_shape_elements(&call->plan->out), z,
                 NULL, z, call->y);
    return SLUICE_OK;
}

static sluice_status input_gradient(const struct sl_convolution *conv,
                                    const sluice_layer_call *call,
                                    const struct sl_convolution_part *part)
{
    const struct sl_gemm size = {conv->depth, conv->out, part->width};
    const struct sl_matrix dz = {
        .at = call->dy + part->y_at,
        .stride = conv->y_plane,
    };
    float *dx = call->dx + part->x_at;
    struct sl_matrix w = weights(conv, call, part->group);
    w.transposed = true;
    if (sl_convolution_is_pointwise(conv))
        return sl_gemm_multiply(size, w, dz, false,
                                dx + part->band.first_row * conv->window.width,
                                conv->x_plane);
    sluice_status st =
        sl_gemm_multiply(size, w, dz, false, call->scratch, part->width);
    if (!st)
        sl_im2col_back(&conv->window, part->band, call->scratch, dx);
    return st;
}

/* dy becomes dz = dy * act'(z), which backward_weight() needs as well. */
static sluice_status backward_input(const sluice_layer_call *call)
{
    const struct sl_activation *act = activation_of(call);
    struct sl_convolution conv = convolution_of(call);
    const float *at = act->from_z ? call->saved : call->y;
    int64_t in = call->rows * sluice_shape_elements(&call->plan->in);
    act->backward(call->rows * sluice_shape_elements(&call->plan->out), at,
                  call->dy, call->dy);
    if (!call->dx)
        return SLUICE_OK;
    if (!sl_convolution_is_pointwise(&conv))
        memset(call->dx, 0, (size_t)in * sizeof *call->dx);
    sluice_status st = SLUICE_OK;
    int64_t n = call->rows * sl_convolution_n_parts(&conv);
    for (int64_t i = 0; i < n && !st; i++) {
        struct sl_convolution_part part = sl_convolution_part(&conv, i);
        st = input_gradient(&conv, call, &part);
    }
    return st;
}

/* The first image's first band overwrites each group's gradient, unless all
 * are added. */
static sluice_status weight_gradient(const struct sl_convolution *conv,
                                     const sluice_layer_call *call,
                                     const struct sl_convolution_part *part,
                                     bool accumulate)
{
    const struct sl_gemm size = {conv->out, part->width, conv->depth};
    const struct sl_matrix dz = {
        .at = call->dy + part->y_at,
        .stride = conv->y_plane,
    };
    struct sl_matrix x = inputs(conv, call, part);
    x.transposed = true;
    return sl_gemm_multiply(size, dz, x, accumulate,
                            call->grads[WEIGHT] +
                                part->group * conv->out * conv->depth,
                            conv->depth);
}

static sluice_status backward_weight(const sluice_layer_call *call)
{
    struct sl_convolution conv = convolution_of(call);
    int64_t channels = conv.groups * conv.out;
    int64_t n = call->rows * sl_convolution_n_parts(&conv);
    for (int64_t i = 0; i < n; i++) {
        struct sl_convolution_part part = sl_convolution_part(&conv, i);
        bool first =
            i < sl_convolution_n_parts(&conv) && part.band.first_row == 0;
        sluice_status st =
            weight_gradient(&conv, call, &part, call->accumulate || !first);
        if (st)
            return st;
    }
    if (call->plan->n_params > BIAS)
        sl_plane_sums(call->rows, channels, conv.y_plane, call->dy,
                      channels * conv.y_plane, call->accumulate,
                      call->grads[BIAS]);
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
};

const sluice_layer_ops *sluice_conv2d(void)
{
    return &conv2d_ops;
}

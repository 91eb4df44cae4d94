/*
 * Convolution in bands.  The stage's device.
 *
 * For each image, group and band of rows the inputs under the window become a
 * matrix in `scratch` (tensor/planes/im2col.h), and BLAS multiplies it.  Bands
 * bound the scratch.  Their size follows from the layer alone, so the bits do
 * not depend on the micro-batch.  With a window of one pixel the image itself
 * is that matrix.
 */
#include "nn/images/banded_conv.h"

#include "tensor/gemm/product.h"

/* The device's channels of y in a part's group. */
static struct sl_rows made_of_y(const struct sl_convolution *conv,
                                const sluice_layer_call *call,
                                const struct sl_convolution_part *part)
{
    return sl_convolution_in_group(sl_convolution_share(conv, call).y,
                                   part->group, conv->out);
}

/* Where their weights, and the gradients of these, are on the device. */
static int64_t weights_at(const struct sl_convolution *conv,
                          const sluice_layer_call *call,
                          const struct sl_convolution_part *part,
                          struct sl_rows made)
{
    return sl_convolution_weights_at(conv, sl_convolution_share(conv, call).y,
                                     part->group, made.first);
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

/* c (+)= a * b. */
static sluice_status multiply(const sluice_layer_call *call,
                              struct sl_gemm size, struct sl_matrix a,
                              struct sl_matrix b, bool accumulate, float *c,
                              int64_t c_stride)
{
    return sl_product_strided(
        call->products,
        &(struct sl_strided){size, 1, a, b, c, c_stride, accumulate});
}

/* z = bias, to which the products are added. */
static void fill_bias(const struct sl_convolution *conv,
                      const sluice_layer_call *call, float *z)
{
    int64_t image = conv->groups * conv->out * conv->y_plane;
    struct sl_rows own = sl_convolution_share(conv, call).y;
    for (int64_t i = 0; i < call->rows * own.n; i++) {
        float bias = call->params[SL_CONV_BIAS][i % own.n];
        float *to =
            z + i / own.n * image + (own.first + i % own.n) * conv->y_plane;
        for (int64_t k = 0; k < conv->y_plane; k++)
            to[k] = bias;
    }
}

sluice_status sl_banded_conv_forward(const struct sl_convolution *conv,
                                     const sluice_layer_call *call, float *z)
{
    bool biased = call->plan->n_params > SL_CONV_BIAS;
    if (biased)
        fill_bias(conv, call, z);
    int64_t n = call->rows * sl_convolution_n_parts(conv);
    sluice_status st = SLUICE_OK;
    for (int64_t i = 0; i < n && !st; i++) {
        struct sl_convolution_part part = sl_convolution_part(conv, i);
        struct sl_rows made = made_of_y(conv, call, &part);
        const struct sl_gemm size = {made.n, conv->depth, part.width};
        const struct sl_matrix w = {
            .at = call->params[SL_CONV_WEIGHT] +
                  weights_at(conv, call, &part, made),
            .stride = conv->depth,
        };
        if (made.n > 0)
            st = multiply(call, size, w, inputs(conv, call, &part), biased,
                          z + part.y_at + made.first * conv->y_plane,
                          conv->y_plane);
    }
    return st;
}

/* Of the channels `made` of x, from their weights w[out][made][kernel][kernel].
 */
static sluice_status input_gradient(const struct sl_convolution *conv,
                                    const sluice_layer_call *call,
                                    const struct sl_convolution_part *part,
                                    struct sl_rows made, const float *w)
{
    int64_t depth = conv->depth / conv->in * made.n;
    const struct sl_gemm size = {depth, conv->out, part->width};
    const struct sl_matrix dz = {
        .at = call->dy + part->y_at,
        .stride = conv->y_plane,
    };
    float *dx = call->dx + part->x_at + made.first * conv->x_plane;
    const struct sl_matrix weights = {w, depth, true};
    if (sl_convolution_is_pointwise(conv))
        return multiply(call, size, weights, dz, false,
                        dx + part->band.first_row * conv->window.width,
                        conv->x_plane);
    sluice_status st =
        multiply(call, size, weights, dz, false, call->scratch, part->width);
    struct sl_band band = part->band;
    band.channels = made.n;
    if (!st)
        sl_im2col_back(&conv->window, band, call->scratch, dx);
    return st;
}

/* As sl_convolution_joined(); a team keeps them until the next update. */
static const float *joined_weights(const struct sl_convolution *conv,
                                   const sluice_layer_call *call)
{
    const float *w = call->params[SL_CONV_WEIGHT];
    bool is_made;
    if (!call->team)
        return w;
    float *room = sl_product_room(call->products, SL_GEMM_INPUT, w, &is_made);
    return is_made ? room : sl_convolution_joined(conv, call, room);
}

sluice_status sl_banded_conv_input(const struct sl_convolution *conv,
                                   const sluice_layer_call *call)
{
    struct sl_rows own = sl_convolution_share(conv, call).x;
    if (own.n == 0)
        return SLUICE_OK; /* fewer channels than devices */
    const float *w = joined_weights(conv, call);
    int64_t out = conv->out * (conv->depth / conv->in); /* of a channel of x */
    if (!sl_convolution_is_pointwise(conv))
        sl_convolution_clear(conv, call);
    sluice_status st = SLUICE_OK;
    int64_t n = call->rows * sl_convolution_n_parts(conv);
    for (int64_t i = 0; i < n && !st; i++) {
        struct sl_convolution_part part = sl_convolution_part(conv, i);
        struct sl_rows made =
            sl_convolution_in_group(own, part.group, conv->in);
        int64_t before = part.group * conv->in + made.first - own.first;
        if (made.n > 0)
            st = input_gradient(conv, call, &part, made, w + before * out);
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
    struct sl_rows made = made_of_y(conv, call, part);
    const struct sl_gemm size = {made.n, part->width, conv->depth};
    const struct sl_matrix dz = {
        .at = call->dy + part->y_at + made.first * conv->y_plane,
        .stride = conv->y_plane,
    };
    if (made.n == 0)
        return SLUICE_OK;
    struct sl_matrix x = inputs(conv, call, part);
    x.transposed = true;
    return multiply(call, size, dz, x, accumulate,
                    call->grads[SL_CONV_WEIGHT] +
                        weights_at(conv, call, part, made),
                    conv->depth);
}

sluice_status sl_banded_conv_weight(const struct sl_convolution *conv,
                                    const sluice_layer_call *call)
{
    sluice_status st = SLUICE_OK;
    int64_t n = call->rows * sl_convolution_n_parts(conv);
    for (int64_t i = 0; i < n && !st; i++) {
        struct sl_convolution_part part = sl_convolution_part(conv, i);
        bool first =
            i < sl_convolution_n_parts(conv) && part.band.first_row == 0;
        st = weight_gradient(conv, call, &part, call->accumulate || !first);
    }
    return st;
}

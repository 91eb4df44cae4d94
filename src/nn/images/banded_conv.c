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

#include <string.h>

#include "tensor/gemm/product.h"

static struct sl_matrix weights(const struct sl_convolution *conv,
                                const sluice_layer_call *call, int64_t group)
{
    return (struct sl_matrix){
        .at = call->params[SL_CONV_WEIGHT] + group * conv->out * conv->depth,
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
    int64_t channels = conv->groups * conv->out;
    for (int64_t i = 0; i < call->rows * channels; i++, z += conv->y_plane) {
        float bias = call->params[SL_CONV_BIAS][i % channels];
        for (int64_t k = 0; k < conv->y_plane; k++)
            z[k] = bias;
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
        const struct sl_gemm size = {conv->out, conv->depth, part.width};
        st = multiply(call, size, weights(conv, call, part.group),
                      inputs(conv, call, &part), biased, z + part.y_at,
                      conv->y_plane);
    }
    return st;
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
        return multiply(call, size, w, dz, false,
                        dx + part->band.first_row * conv->window.width,
                        conv->x_plane);
    sluice_status st =
        multiply(call, size, w, dz, false, call->scratch, part->width);
    if (!st)
        sl_im2col_back(&conv->window, part->band, call->scratch, dx);
    return st;
}

sluice_status sl_banded_conv_input(const struct sl_convolution *conv,
                                   const sluice_layer_call *call)
{
    int64_t in = call->rows * sluice_shape_elements(&call->plan->in);
    if (!sl_convolution_is_pointwise(conv))
        memset(call->dx, 0, (size_t)in * sizeof *call->dx);
    sluice_status st = SLUICE_OK;
    int64_t n = call->rows * sl_convolution_n_parts(conv);
    for (int64_t i = 0; i < n && !st; i++) {
        struct sl_convolution_part part = sl_convolution_part(conv, i);
        st = input_gradient(conv, call, &part);
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
    return multiply(call, size, dz, x, accumulate,
                    call->grads[SL_CONV_WEIGHT] +
                        part->group * conv->out * conv->depth,
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

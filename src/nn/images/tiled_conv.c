/* Convolution by tiles.  The stage's device. */
#include "nn/images/tiled_conv.h"

#include "tensor/conv/conv_multiply.h"
#include "tensor/conv/conv_rows.h"
#include "tensor/conv/conv_weight.h"
#include "tensor/gemm/product.h"

/* Of one group of channels. */
static struct sl_conv_shape shape_of(const struct sl_convolution *conv)
{
    return (struct sl_conv_shape){
        .window = conv->window,
        .in = conv->in,
        .out = conv->out,
        .x_image = conv->groups * conv->in * conv->x_plane,
        .y_image = conv->groups * conv->out * conv->y_plane,
    };
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

void sl_tiled_conv_plan(const struct sl_convolution *conv,
                        sluice_layer_plan *plan)
{
    struct sl_conv_shape shape = shape_of(conv);
    if (!sl_tiles() || conv->window.kernel > SL_CONV_KERNEL)
        return;
    struct sl_conv_pass pass;
    sl_conv_forward_pass(&shape, &pass);
    int64_t scratch =
        larger(sl_conv_multiply_bytes(&pass), sl_conv_weight_bytes(&pass));
    int64_t forward = sl_conv_rows_floats(&pass), input = 0;
    for (int i = 0; i < sl_conv_n_input_passes(&shape); i++) {
        sl_conv_input_pass(&shape, i, &pass);
        scratch = larger(scratch, sl_conv_multiply_bytes(&pass));
        input += sl_conv_rows_floats(&pass);
    }
    int64_t group = conv->groups * (int64_t)sizeof(float);
    plan->products[0].copy_bytes[SL_GEMM_FORWARD] = group * forward;
    plan->products[0].copy_bytes[SL_GEMM_INPUT] = group * input;
    plan->scratch_bytes = larger(plan->scratch_bytes, scratch);
}

const struct sl_tiles *sl_tiled_conv_tiles(const sluice_layer_call *call)
{
    const struct sluice_product *product = call->products;
    return product && product->packed_bytes[0] > 0 ? sl_tiles() : NULL;
}

static int64_t window_of(const struct sl_convolution *conv)
{
    return conv->window.kernel * conv->window.kernel;
}

void sl_tiled_conv_forward(const struct sl_tiles *tiles,
                           const struct sl_convolution *conv,
                           const sluice_layer_call *call, const float *bias,
                           float *z)
{
    struct sl_conv_shape shape = shape_of(conv);
    struct sl_rows own = sl_convolution_share(conv, call).y;
    const float *w = call->params[SL_CONV_WEIGHT];
    struct sl_conv_pass pass;
    bool is_made;
    if (own.n == 0)
        return; /* fewer channels than devices */
    float *rows = sl_product_room(call->products, SL_GEMM_FORWARD, w, &is_made);
    sl_conv_forward_pass(&shape, &pass);
    for (int64_t g = 0; g < conv->groups; g++) {
        pass.made = sl_convolution_in_group(own, g, conv->out);
        if (pass.made.n == 0)
            continue;
        if (!is_made)
            sl_conv_rows(&pass, w, window_of(conv), false, rows);
        sl_conv_multiply(tiles, &pass, rows, bias, call->rows,
                         call->x + g * conv->in * conv->x_plane,
                         z + g * conv->out * conv->y_plane, call->scratch);
        rows += sl_conv_rows_floats(&pass);
        w += pass.made.n * conv->depth;
        bias += bias ? pass.made.n : 0;
    }
}

/* The input gradient of a group; the room behind its rows. */
static float *input_of_group(const struct sl_tiles *tiles,
                             const struct sl_convolution *conv,
                             const sluice_layer_call *call, int64_t group,
                             struct sl_rows made, const float *w, float *rows)
{
    struct sl_conv_shape shape = shape_of(conv);
    for (int i = 0; i < sl_conv_n_input_passes(&shape); i++) {
        struct sl_conv_pass pass;
        sl_conv_input_pass(&shape, i, &pass);
        pass.made = made;
        if (w)
            sl_conv_rows(&pass, w, window_of(conv), true, rows);
        sl_conv_multiply(tiles, &pass, rows, NULL, call->rows,
                         call->dy + group * conv->out * conv->y_plane,
                         call->dx + group * conv->in * conv->x_plane,
                         call->scratch);
        rows += sl_conv_rows_floats(&pass);
    }
    return rows;
}

void sl_tiled_conv_input(const struct sl_tiles *tiles,
                         const struct sl_convolution *conv,
                         const sluice_layer_call *call)
{
    struct sl_rows own = sl_convolution_share(conv, call).x;
    const float *w = NULL;
    bool is_made;
    if (own.n == 0)
        return; /* fewer channels than devices */
    float *rows = sl_product_room(call->products, SL_GEMM_INPUT,
                                  call->params[SL_CONV_WEIGHT], &is_made);
    if (!is_made)
        w = sl_convolution_joined(conv, call, call->products->scratch);
    if (conv->window.stride > conv->window.kernel)
        sl_convolution_clear(conv, call);
    for (int64_t g = 0; g < conv->groups; g++) {
        struct sl_rows made = sl_convolution_in_group(own, g, conv->in);
        if (made.n == 0)
            continue;
        rows = input_of_group(tiles, conv, call, g, made, w, rows);
        w += w ? conv->out * made.n * window_of(conv) : 0;
    }
}

void sl_tiled_conv_weight(const struct sl_tiles *tiles,
                          const struct sl_convolution *conv,
                          const sluice_layer_call *call, float *dw)
{
    struct sl_conv_shape shape = shape_of(conv);
    struct sl_rows own = sl_convolution_share(conv, call).y;
    struct sl_conv_pass pass;
    sl_conv_forward_pass(&shape, &pass);
    for (int64_t g = 0; g < conv->groups; g++) {
        pass.made = sl_convolution_in_group(own, g, conv->out);
        if (pass.made.n == 0)
            continue;
        sl_conv_weight(tiles, &pass, call->rows,
                       call->x + g * conv->in * conv->x_plane,
                       call->dy + g * conv->out * conv->y_plane,
                       call->accumulate, dw, call->scratch);
        dw += pass.made.n * conv->depth;
    }
}

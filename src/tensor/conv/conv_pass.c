/* The passes of a convolution.  Any thread. */
#include "tensor/conv/conv_pass.h"

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static struct sl_conv_images inputs(const struct sl_conv_shape *s)
{
    return (struct sl_conv_images){s->in, s->window.height, s->window.width,
                                   s->x_image};
}

static struct sl_conv_images outputs(const struct sl_conv_shape *s)
{
    return (struct sl_conv_images){s->out, s->window.out_height,
                                   s->window.out_width, s->y_image};
}

/* Rows of y that an input sees beyond the first one. */
static int64_t reach_of(const struct sl_window *w)
{
    return (w->kernel - 1) / w->stride;
}

/* Remainders by the stride that an element of the window has. */
static int64_t remainders(const struct sl_window *w)
{
    return least(w->stride, w->kernel);
}

void sl_conv_forward_pass(const struct sl_conv_shape *shape,
                          struct sl_conv_pass *pass)
{
    const struct sl_window *w = &shape->window;
    *pass = (struct sl_conv_pass){
        .from = inputs(shape),
        .to = outputs(shape),
        .stride = w->stride,
        .phases = remainders(w),
        .shift = w->padding,
        .reach = reach_of(w),
        .n_rows = w->out_height,
        .n_columns = w->out_width,
        .step = 1,
        .made = {0, shape->out},
    };
    for (int64_t at = 0; at < w->kernel * w->kernel; at++)
        pass->taps[pass->n_taps++] =
            (struct sl_conv_tap){at, at / w->kernel, at % w->kernel};
}

int sl_conv_n_input_passes(const struct sl_conv_shape *shape)
{
    int64_t n = remainders(&shape->window);
    return (int)(n * n);
}

/* Places of outputs along an axis of n inputs, counted with the padding, whose
 * remainder by the stride is `rest`: the first one and how many. */
static void places(const struct sl_window *w, int64_t n, int64_t rest,
                   int64_t *first, int64_t *count)
{
    int64_t before = w->padding - rest;
    *first = before > 0 ? (before + w->stride - 1) / w->stride : 0;
    int64_t last = n - 1 + before;
    *count = last < 0 ? 0 : last / w->stride + 1 - *first;
}

void sl_conv_input_pass(const struct sl_conv_shape *shape, int i,
                        struct sl_conv_pass *pass)
{
    const struct sl_window *w = &shape->window;
    int64_t s = w->stride, reach = reach_of(w);
    int64_t down = i / remainders(w), right = i % remainders(w);
    *pass = (struct sl_conv_pass){
        .from = outputs(shape),
        .to = inputs(shape),
        .stride = 1,
        .phases = 1,
        .shift = reach,
        .reach = reach,
        .step = s,
        .made = {0, shape->in},
    };
    places(w, w->height, down, &pass->first_row, &pass->n_rows);
    places(w, w->width, right, &pass->first_column, &pass->n_columns);
    pass->row = pass->first_row * s + down - w->padding;
    pass->column = pass->first_column * s + right - w->padding;
    if (pass->n_rows < 1 || pass->n_columns < 1)
        return;
    for (int64_t a = down; a < w->kernel; a += s)
        for (int64_t b = right; b < w->kernel; b += s)
            pass->taps[pass->n_taps++] = (struct sl_conv_tap){
                a * w->kernel + b, reach - a / s, reach - b / s};
}

int64_t sl_conv_depth(const struct sl_conv_pass *pass)
{
    return pass->from.channels * pass->n_taps;
}

/* Convolution as a matrix product.  Any thread. */
#include "tensor/planes/im2col.h"

#include <string.h>

/* The part of a matrix row that belongs to one row of the output. */
struct strip {
    struct sl_outputs inside; /* of which the others are padding */
    int64_t at;               /* in a plane: the input of output 0 */
};

/* Output row `i` and the element (a, b) of the window. */
static struct strip strip_of(const struct sl_window *w, int64_t i, int64_t a,
                             int64_t b)
{
    int64_t y = i * w->stride - w->padding + a;
    struct strip strip = {{0, 0}, 0};
    if (y < 0 || y >= w->height)
        return strip;
    strip.inside = sl_window_inside(w, w->width, w->out_width, b);
    strip.at = y * w->width - w->padding + b;
    return strip;
}

static void take(const struct sl_window *w, struct strip strip,
                 const float *plane, float *to)
{
    int64_t first = strip.inside.first, end = strip.inside.end;
    for (int64_t j = 0; j < first; j++)
        to[j] = 0;
    if (w->stride == 1)
        memcpy(to + first, plane + strip.at + first,
               (size_t)(end - first) * sizeof *to);
    else
        for (int64_t j = first; j < end; j++)
            to[j] = plane[strip.at + j * w->stride];
    for (int64_t j = end; j < w->out_width; j++)
        to[j] = 0;
}

static void add(const struct sl_window *w, struct strip strip,
                const float *from, float *plane)
{
    float *to = plane + strip.at;
    int64_t first = strip.inside.first, end = strip.inside.end;
    if (w->stride == 1)
        for (int64_t j = first; j < end; j++)
            to[j] += from[j];
    else
        for (int64_t j = first; j < end; j++)
            to[j * w->stride] += from[j];
}

/* One row of the matrix: element (a, b) of the window on a plane. */
static void take_row(const struct sl_window *w, struct sl_band band, int64_t k,
                     const float *plane, float *to)
{
    for (int64_t i = 0; i < band.n_rows; i++, to += w->out_width)
        take(w, strip_of(w, band.first_row + i, k / w->kernel, k % w->kernel),
             plane, to);
}

static void add_row(const struct sl_window *w, struct sl_band band, int64_t k,
                    const float *from, float *plane)
{
    for (int64_t i = 0; i < band.n_rows; i++, from += w->out_width)
        add(w, strip_of(w, band.first_row + i, k / w->kernel, k % w->kernel),
            from, plane);
}

void sl_im2col(const struct sl_window *window, struct sl_band band,
               const float *x, float *columns)
{
    int64_t plane = window->height * window->width;
    int64_t n = window->kernel * window->kernel;
    int64_t width = band.n_rows * window->out_width;
    for (int64_t c = 0; c < band.channels; c++)
        for (int64_t k = 0; k < n; k++)
            take_row(window, band, k, x + c * plane,
                     columns + (c * n + k) * width);
}

void sl_im2col_back(const struct sl_window *window, struct sl_band band,
                    const float *columns, float *dx)
{
    int64_t plane = window->height * window->width;
    int64_t n = window->kernel * window->kernel;
    int64_t width = band.n_rows * window->out_width;
    for (int64_t c = 0; c < band.channels; c++)
        for (int64_t k = 0; k < n; k++)
            add_row(window, band, k, columns + (c * n + k) * width,
                    dx + c * plane);
}

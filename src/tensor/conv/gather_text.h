/*
 * Columns of a convolution's matrix, gathered from planes, and the planes: text
 * for the tiles of each instruction set.
 *
 * A run is copied for all rows of the matrix before the next run: how long it
 * is is then decided once.
 */
#ifndef SL_TENSOR_CONV_GATHER_TEXT_H
#define SL_TENSOR_CONV_GATHER_TEXT_H

#include <string.h>

#include "tensor/conv/gather.h"

__attribute__((always_inline)) static inline void
copy_floats(float *to, const float *from, int64_t n)
{
    for (; n >= 16; n -= 16, to += 16, from += 16)
        memcpy(to, from, 16 * sizeof *to);
    if (n & 8) {
        memcpy(to, from, 8 * sizeof *to);
        to += 8;
        from += 8;
    }
    if (n & 4) {
        memcpy(to, from, 4 * sizeof *to);
        to += 4;
        from += 4;
    }
    for (n &= 3; n > 0; n--)
        *to++ = *from++;
}

__attribute__((always_inline)) static inline void zero_floats(float *to,
                                                              int64_t n)
{
    static const float zeros[16];
    for (; n >= 16; n -= 16, to += 16)
        copy_floats(to, zeros, 16);
    copy_floats(to, zeros, n);
}

/* What there is of an axis of n pixels: elements first <= i < end of n_out,
 * which begin at the pixel `begin`. */
static inline void there(int64_t n, int64_t n_out, int64_t begin,
                         int64_t stride, int64_t *first, int64_t *end)
{
    *first = begin < 0 ? (stride - 1 - begin) / stride : 0;
    *end = begin < n ? (n - 1 - begin) / stride + 1 : 0;
    *end = *end < n_out ? *end : n_out;
    *first = *first < *end ? *first : *end;
}

/* Inlined with a constant `n`. */
__attribute__((always_inline)) static inline void
copy_rows(const float *from, int64_t from_row, int64_t n_rows, int64_t n,
          float *to, int64_t to_row)
{
    for (int64_t i = 0; i < n_rows; i++, from += from_row, to += to_row)
        copy_floats(to, from, n);
}

static void spread(const struct sl_pixels *s, float *to)
{
    int64_t stride = s->stride, row, last, first, end;
    there(s->height, s->n_rows, s->first, stride, &row, &last);
    there(s->width, s->n_columns, s->begin, stride, &first, &end);
    zero_floats(to, s->n_rows * s->n_columns);
    const float *from = s->from + (s->first + row * stride) * s->width +
                        s->begin + first * stride;
    int64_t n = end - first, n_rows = last - row, from_row = stride * s->width;
    to += row * s->n_columns + first;
    if (stride > 1)
        for (; row < last; row++, from += from_row, to += s->n_columns)
            for (int64_t j = 0; j < n; j++)
                to[j] = from[j * stride];
    else if (n == 4)
        copy_rows(from, from_row, n_rows, 4, to, s->n_columns);
    else if (n == 8)
        copy_rows(from, from_row, n_rows, 8, to, s->n_columns);
    else if (n == 16)
        copy_rows(from, from_row, n_rows, 16, to, s->n_columns);
    else
        copy_rows(from, from_row, n_rows, n, to, s->n_columns);
}

/* Inlined with a constant `n` the copy is a few moves. */
__attribute__((always_inline)) static inline void
gather_run(const struct sl_gather *g, const struct sl_run *run, int64_t n,
           int64_t first, int64_t n_rows, float *to)
{
    int64_t t = first % g->n_taps;
    const float *from = g->from + run->from + first / g->n_taps * g->plane;
    to += run->to;
    for (int64_t k = 0; k < n_rows; k++, to += g->to_row) {
        copy_floats(to, from + g->taps[t], n);
        if (++t == g->n_taps) {
            t = 0;
            from += g->plane;
        }
    }
}

static void gather(const struct sl_gather *g, int64_t first, int64_t n_rows,
                   float *to)
{
    for (int r = 0; r < g->n_runs; r++) {
        const struct sl_run *run = &g->runs[r];
        switch (run->n) {
        case 4:
            gather_run(g, run, 4, first, n_rows, to);
            break;
        case 8:
            gather_run(g, run, 8, first, n_rows, to);
            break;
        case 16:
            gather_run(g, run, 16, first, n_rows, to);
            break;
        case 32:
            gather_run(g, run, 32, first, n_rows, to);
            break;
        default:
            gather_run(g, run, run->n, first, n_rows, to);
        }
    }
}

#endif

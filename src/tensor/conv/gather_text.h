/*
 * Columns of a convolution's matrix, gathered from planes: text for the tiles
 * of each instruction set, after tile_text.h's.
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

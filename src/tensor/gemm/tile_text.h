/*
 * The text of tiles, compiled once for each instruction set, which the
 * compiler's target decides: AVX-512, or AVX2 with fused multiply-adds; without
 * either it is plain C, which is there to be read by any compiler.
 *
 *     VECTOR, LANES         a register of floats, and how many it holds
 *     MULTIPLY_ADD(a, b, c) a * b + c, rounded once
 *     EVERY(a)              a register of copies of a
 *     ROWS                  the most rows of a tile: with two registers for
 *                           each, and three more, they fit in the registers
 *     FOR_EACH_ROWS(X)      X(1) X(2) ... X(ROWS)
 */
#ifndef SL_TENSOR_GEMM_TILE_TEXT_H
#define SL_TENSOR_GEMM_TILE_TEXT_H

#include <string.h>

#include "tensor/conv/gather_text.h"
#include "tensor/gemm/tiles.h"

#if defined(__AVX512F__)
#include <immintrin.h>
#define VECTOR                __m512
#define LANES                 16
#define MULTIPLY_ADD(a, b, c) _mm512_fmadd_ps(a, b, c)
#define EVERY(a)              _mm512_set1_ps(a)
#define ROWS                  14
#define FOR_EACH_ROWS(X)                                                       \
    X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14)
#elif defined(__AVX2__) && defined(__FMA__)
#include <immintrin.h>
#define VECTOR                __m256
#define LANES                 8
#define MULTIPLY_ADD(a, b, c) _mm256_fmadd_ps(a, b, c)
#define EVERY(a)              _mm256_set1_ps(a)
#define ROWS                  6
#define FOR_EACH_ROWS(X)      X(1) X(2) X(3) X(4) X(5) X(6)
#else
#include <math.h>
#define VECTOR                float
#define LANES                 1
#define MULTIPLY_ADD(a, b, c) fmaf(a, b, c)
#define EVERY(a)              (a)
#define ROWS                  1
#define FOR_EACH_ROWS(X)      X(1)
#endif

enum { WIDE = 2 * LANES, LINE = 64 / sizeof(float) };

static inline VECTOR load(const float *at)
{
    VECTOR v;
    memcpy(&v, at, sizeof v);
    return v;
}

static inline void store(float *at, VECTOR v)
{
    memcpy(at, &v, sizeof v);
}

/* What a tile brings nearer, spread over its depth: a core can wait for few
 * lines at once, and while it waits for as many it multiplies nothing. */
__attribute__((always_inline)) static inline void bring_row(const float *next)
{
    __builtin_prefetch(next, 0, 2);
    __builtin_prefetch(next + LINE, 0, 2);
}

/* One step of the depth.  The loop over rows unrolls, because `rows` is a
 * constant wherever this is inlined, and the sums then live in registers. */
__attribute__((always_inline)) static inline void
multiply(int rows, int64_t a_row, const float *a, const float *b,
         VECTOR (*sum)[2])
{
    VECTOR b0 = load(b);
    VECTOR b1 = load(b + LANES);
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++) {
        VECTOR x = EVERY(a[i * a_row]);
        sum[i][0] = MULTIPLY_ADD(x, b0, sum[i][0]);
        sum[i][1] = MULTIPLY_ADD(x, b1, sum[i][1]);
    }
}

/* Four steps of the depth for each turn of the loop: a core adds addresses in
 * units that multiply, too, so what is added is lost to products. */
enum { STEPS = SL_TILE_STREAMS };

__attribute__((always_inline)) static inline void
tile(int rows, int64_t a_row, int64_t a_step, int64_t b_step, const float *a,
     const float *b, int64_t depth, float *c, int64_t c_row, bool add,
     const struct sl_tile_ahead *ahead)
{
    VECTOR sum[ROWS][2];
    const float *next = ahead->next, *panel = ahead->panel;
    int64_t stream = ahead->stream, k = 0;
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++) {
        sum[i][0] = add ? load(c + i * c_row) : EVERY(0.0F);
        sum[i][1] = add ? load(c + i * c_row + LANES) : EVERY(0.0F);
    }
    for (; k + STEPS <= depth; k += STEPS, panel += ahead->step) {
        if (k % (2 * STEPS) == 0 || depth <= 64) {
            bring_row(next);
            next += c_row;
        }
        if (depth <= 32) {
            bring_row(next);
            next += c_row;
        }
#pragma GCC unroll 4
        for (int s = 0; s < STEPS; s++) {
            __builtin_prefetch(panel + s * stream, 0, 2);
            multiply(rows, a_row, a + s * a_step, b + s * b_step, sum);
        }
        a += STEPS * a_step;
        b += STEPS * b_step;
    }
    for (; k < depth; k++, a += a_step, b += b_step)
        multiply(rows, a_row, a, b, sum);
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++) {
        store(c + i * c_row, sum[i][0]);
        store(c + i * c_row + LANES, sum[i][1]);
    }
}

#define TILES_OF(n)                                                            \
    static void by_rows_##n(const float *a, const float *b, int64_t depth,     \
                            float *c, int64_t c_row, bool add,                 \
                            const struct sl_tile_ahead *ahead)                 \
    {                                                                          \
        tile(n, SL_TILE_ROW, 1, WIDE, a, b, depth, c, c_row, add, ahead);      \
    }                                                                          \
    static void by_depth_##n(const float *a, const float *b, int64_t depth,    \
                             float *c, int64_t c_row, bool add,                \
                             const struct sl_tile_ahead *ahead)                \
    {                                                                          \
        tile(n, 1, SL_TILE_STEP, WIDE, a, b, depth, c, c_row, add, ahead);     \
    }                                                                          \
    static void in_place_##n(const float *a, const float *b, int64_t b_row,    \
                             int64_t depth, float *c, int64_t c_row, bool add, \
                             const struct sl_tile_ahead *ahead)                \
    {                                                                          \
        tile(n, SL_TILE_ROW, 1, b_row, a, b, depth, c, c_row, add, ahead);     \
    }
FOR_EACH_ROWS(TILES_OF)

#define BY_ROWS(n)  by_rows_##n,
#define BY_DEPTH(n) by_depth_##n,
#define IN_PLACE(n) in_place_##n,
static sl_tile *const tiles_by_rows[] = {FOR_EACH_ROWS(BY_ROWS)};
static sl_tile *const tiles_by_depth[] = {FOR_EACH_ROWS(BY_DEPTH)};
static sl_tile_in_place *const tiles_in_place[] = {FOR_EACH_ROWS(IN_PLACE)};

static const struct sl_tiles tiles = {
    .rows = ROWS,
    .columns = WIDE,
    .by_rows = tiles_by_rows,
    .by_depth = tiles_by_depth,
    .in_place = tiles_in_place,
    .gather = gather,
    .spread = spread,
};

#endif

/* Panels of an operand.  Any thread. */
#include "tensor/gemm/panel_pack.h"

#include <stdbool.h>
#include <string.h>

#include "tensor/gemm/transpose.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

enum {
    CACHED_FLOATS = 512 * 1024, /* as the second cache holds: 2 MiB */
    LINE_FLOATS = 64 / sizeof(float),
};

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t up(int64_t n, int64_t to)
{
    return (n + to - 1) / to;
}

int64_t sl_panels_block_depth(int64_t depth)
{
    return up(depth, up(depth, SL_TILE_ROW_DEPTH));
}

int64_t sl_panels_floats(const struct sl_tiles *tiles, int64_t depth, int64_t n)
{
    return up(n, tiles->columns) * tiles->columns * depth;
}

/* Copy a line past the caches.  `to` is aligned to 64 bytes. */
static inline void line_store(float *to, const float *from)
{
#if defined(__SSE2__)
    for (int i = 0; i < LINE_FLOATS; i += 4)
        _mm_stream_ps(to + i, _mm_loadu_ps(from + i));
#else
    memcpy(to, from, LINE_FLOATS * sizeof *to);
#endif
}

/* After the last line: other threads that are told of them later find them. */
static inline void line_stores_end(void)
{
#if defined(__SSE2__)
    _mm_sfence();
#endif
}

/* When the panels that are made are read. */
enum reader {
    READ_NOW,  /* at once: they stay in the caches */
    READ_LATER /* behind more than a cache holds */
};

/* All panels of a block whose rows lie one after the other, row by row: each is
 * read from end to end, as the processor fetches ahead.  Inlined, so that the
 * choice of stores leaves the loop. */
__attribute__((always_inline)) static inline void
pack_rows(struct sl_view b, int64_t depth, int64_t n, int64_t columns,
          enum reader reader, float *to)
{
    int64_t whole = n / columns * columns;
    for (int64_t k = 0; k < depth; k++, to += columns) {
        const float *from = b.at + k * b.row;
        float *panel = to;
        for (int64_t j = 0; j < whole; j += columns, panel += depth * columns)
            for (int64_t i = 0; i < columns; i += LINE_FLOATS)
                if (reader == READ_LATER)
                    line_store(panel + i, from + j + i);
                else
                    memcpy(panel + i, from + j + i, LINE_FLOATS * sizeof *to);
        for (int64_t j = whole; j < n; j++)
            panel[j - whole] = from[j];
        for (int64_t j = n; whole < n && j < whole + columns; j++)
            panel[j - whole] = 0;
    }
}

/* One panel, of `count` columns, of a transposed b. */
static void pack_columns(struct sl_view b, int64_t depth, int64_t count,
                         int64_t columns, float *to)
{
    sl_transpose(count, depth, b.at, b.column, to, columns);
    for (int64_t k = 0; k < depth; k++)
        for (int64_t j = count; j < columns; j++)
            to[k * columns + j] = 0;
}

/* All panels of one block of the depth. */
static void pack_block(const struct sl_tiles *tiles, struct sl_view b,
                       int64_t depth, int64_t n, enum reader reader, float *to)
{
    int64_t columns = tiles->columns;
    if (b.column == 1) {
        if (reader == READ_LATER)
            pack_rows(b, depth, n, columns, READ_LATER, to);
        else
            pack_rows(b, depth, n, columns, READ_NOW, to);
        return;
    }
    for (int64_t j = 0; j < n; j += columns, to += depth * columns) {
        struct sl_view panel = {b.at + j * b.column, b.row, b.column};
        pack_columns(panel, depth, least(columns, n - j), columns, to);
    }
}

/* A panel of one block of a transposed b.  What is read later is transposed
 * aside first, so that whole lines pass by the caches. */
static void pack_panel(struct sl_view b, int64_t depth, int64_t count,
                       int64_t columns, enum reader reader, float *to)
{
    _Alignas(64) float aside[SL_TILE_ROW_DEPTH * SL_TILE_COLUMNS];
    if (reader == READ_NOW) {
        pack_columns(b, depth, count, columns, to);
        return;
    }
    pack_columns(b, depth, count, columns, aside);
    for (int64_t i = 0; i < depth * columns; i += LINE_FLOATS)
        line_store(to + i, aside + i);
}

/* Panel by panel, each through all blocks: so the columns of b, which lie from
 * end to end in memory, are read that way. */
static void pack_transposed(const struct sl_tiles *tiles, struct sl_view b,
                            int64_t depth, int64_t n, enum reader reader,
                            float *panels)
{
    int64_t columns = tiles->columns;
    int64_t step = sl_panels_block_depth(depth);
    for (int64_t j = 0; j < n; j += columns)
        for (int64_t k = 0; k < depth; k += step) {
            int64_t deep = least(step, depth - k);
            struct sl_view panel = {b.at + k * b.row + j * b.column, b.row,
                                    b.column};
            pack_panel(panel, deep, least(columns, n - j), columns, reader,
                       panels + sl_panels_floats(tiles, k, n) + j * deep);
        }
}

void sl_panels_pack_block(const struct sl_tiles *tiles, struct sl_view b,
                          int64_t depth, int64_t n, float *panels)
{
    pack_block(tiles, b, depth, n, READ_NOW, panels);
}

void sl_panels_pack(const struct sl_tiles *tiles, struct sl_view b,
                    int64_t depth, int64_t n, float *panels)
{
    int64_t step = sl_panels_block_depth(depth);
    bool is_large = sl_panels_floats(tiles, depth, n) > CACHED_FLOATS;
    enum reader reader = is_large ? READ_LATER : READ_NOW;
    if (b.column != 1)
        pack_transposed(tiles, b, depth, n, reader, panels);
    for (int64_t k = 0; k < depth && b.column == 1; k += step) {
        int64_t deep = least(step, depth - k);
        struct sl_view block = {b.at + k * b.row, b.row, b.column};
        pack_block(tiles, block, deep, n, reader, panels);
        panels += sl_panels_floats(tiles, deep, n);
    }
    line_stores_end();
}

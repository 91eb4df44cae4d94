/*
 * The weight gradient of a convolution.  Any thread.
 *
 * One operand has to be transposed, as pixels lie beside each other in both.
 * With many pixels that is dy: transpose(dw) is made, in groups of its rows,
 * and added to dw, transposed, when a chunk of images is over.  With few pixels
 * dw is larger than the matrix of the source: then that is transposed, panel by
 * panel, and dw is added to where it lies.
 */
#include "tensor/conv/conv_weight.h"

#include <string.h>

#include "tensor/conv/conv_chunk.h"
#include "tensor/gemm/panels.h"
#include "tensor/gemm/transpose.h"

enum {
    GROUP = 8 * 14, /* rows of transpose(dw) */
    STRIP_ROW = GROUP + 16,
    STRIP_FLOATS = SL_CONV_COLUMNS * STRIP_ROW,
    A_FLOATS = SL_CONV_COLUMNS * SL_TILE_ROW, /* at least the rows of a tile */
    PANEL_FLOATS = SL_TILE_ROW_DEPTH * SL_CONV_COLUMNS,
    LINE_FLOATS = 64 / sizeof(float),
};

_Static_assert(A_FLOATS >= SL_TILE_ROWS * SL_TILE_ROW,
               "the rows of a tile fit");

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t up(int64_t n, int64_t to)
{
    return (n + to - 1) / to;
}

static int64_t padded(int64_t n)
{
    return up(n, SL_CONV_COLUMNS) * SL_CONV_COLUMNS;
}

/* For each pixel of a chunk there are all channels of dy, in either order. */
static struct sl_conv_portion portion_of(const struct sl_conv_pass *pass)
{
    return sl_conv_portion(pass, padded(pass->to.channels));
}

static int64_t most_pixels(const struct sl_conv_pass *pass,
                           struct sl_conv_portion portion)
{
    return portion.images * portion.rows * pass->n_columns;
}

/* Of dy in panels, or in rows: blocks have at most SL_TILE_ROW_DEPTH pixels. */
static int64_t dy_floats(const struct sl_conv_pass *pass, int64_t pixels)
{
    int64_t panels = padded(pass->to.channels) * pixels;
    int64_t rows = pass->to.channels * SL_TILE_ROW;
    return up(panels > rows ? panels : rows, LINE_FLOATS) * LINE_FLOATS;
}

int64_t sl_conv_weight_bytes(const struct sl_conv_pass *pass)
{
    struct sl_conv_portion portion = portion_of(pass);
    int64_t floats = A_FLOATS + PANEL_FLOATS + STRIP_FLOATS +
                     GROUP * padded(pass->to.channels) +
                     dy_floats(pass, most_pixels(pass, portion)) +
                     sl_conv_source_floats(pass, portion);
    return floats * (int64_t)sizeof(float);
}

/* A chunk on its way. */
struct work {
    const struct sl_tiles *tiles;
    const struct sl_conv_pass *pass;
    const struct sl_conv_chunk *chunk;
    const float *dy; /* of the first channel made, the chunk's first image
                         and row */
    int64_t dy_plane;
    int64_t pixels; /* of the chunk */
    bool add;
    float *dw;
    int64_t depth;

    float *a;     /* rows of a tile, or of a panel */
    float *panel; /* of the source, transposed */
    float *strip; /* of dw, transposed back */
    float *c;     /* [GROUP][padded channels] */
    float *turned;
};

/* Rows first to first + n of the source's matrix, for pixels begin to begin +
 * n_pixels, SL_TILE_ROW floats apart. */
static void gather_rows(const struct work *w, int64_t first, int64_t n,
                        int64_t begin, int64_t n_pixels, float *to)
{
    struct sl_run runs[SL_TILE_ROW_DEPTH];
    const struct sl_gather gather = {
        .from = w->chunk->from,
        .plane = w->chunk->plane,
        .taps = w->chunk->taps,
        .n_taps = w->pass->n_taps,
        .runs = runs,
        .n_runs = sl_conv_runs(w->pass, w->chunk, begin, n_pixels, runs),
        .to_row = SL_TILE_ROW,
    };
    w->tiles->gather(&gather, first, n, to);
}

/* A piece of dy: pixels of one image. */
struct piece {
    const float *from; /* of the first channel */
    int64_t n;
};

static struct piece piece_of(const struct work *w, int64_t begin, int64_t n)
{
    int64_t image = begin / w->chunk->n_columns;
    int64_t pixel = begin % w->chunk->n_columns;
    return (struct piece){
        .from = w->dy + image * w->pass->to.image + pixel,
        .n = least(n, w->chunk->n_columns - pixel),
    };
}

/* Panels of transpose(dy) for a block of pixels. */
static void turn_block(const struct work *w, int64_t begin, int64_t n,
                       float *to)
{
    int64_t columns = w->tiles->columns, channels = w->pass->made.n;
    for (int64_t j = 0; j < channels; j += columns, to += n * columns) {
        int64_t count = least(columns, channels - j);
        if (count < columns)
            memset(to, 0, (size_t)(n * columns) * sizeof *to);
        for (int64_t at = 0; at < n;) {
            struct piece piece = piece_of(w, begin + at, n - at);
            sl_transpose(count, piece.n, piece.from + j * w->dy_plane,
                         w->dy_plane, to + at * columns, columns);
            at += piece.n;
        }
    }
}

/* Rows first to first + rows of transpose(dw), for all channels made, in c. */
static void multiply_turned(const struct work *w, int64_t first, int64_t rows,
                            float *c)
{
    sl_tile *tile = w->tiles->by_rows[rows - 1];
    int64_t columns = w->tiles->columns;
    int64_t width = up(w->pass->made.n, columns) * columns;
    int64_t step = sl_panels_block_depth(w->pixels);
    const float *panel = w->turned;
    for (int64_t k = 0; k < w->pixels; k += step) {
        int64_t deep = least(step, w->pixels - k);
        gather_rows(w, first, rows, k, deep, w->a);
        for (int64_t j = 0; j < width; j += columns) {
            const float *after = panel + deep * columns;
            const struct sl_tile_ahead ahead =
                sl_tile_ahead_in_order(c + j, after, columns);
            tile(w->a, panel, deep, c + j, width, k > 0, &ahead);
            panel = after;
        }
    }
}

/* Add n rows of transpose(dw), from `first` on, to dw. */
static void add_group(const struct work *w, int64_t first, int64_t n)
{
    int64_t columns = w->tiles->columns, channels = w->pass->made.n;
    int64_t width = up(channels, columns) * columns;
    for (int64_t j = 0; j < channels; j += columns) {
        int64_t count = least(columns, channels - j);
        sl_transpose(n, count, w->c + j, width, w->strip, STRIP_ROW);
        for (int64_t i = 0; i < count; i++) {
            float *to = w->dw + (j + i) * w->depth + first;
            const float *from = w->strip + i * STRIP_ROW;
            for (int64_t k = 0; k < n && w->add; k++)
                to[k] += from[k];
            if (!w->add)
                memcpy(to, from, (size_t)n * sizeof *to);
        }
    }
}

static void add_turned(const struct work *w)
{
    int64_t columns = w->tiles->columns;
    int64_t width = up(w->pass->made.n, columns) * columns;
    int64_t step = sl_panels_block_depth(w->pixels);
    for (int64_t k = 0; k < w->pixels; k += step)
        turn_block(w, k, least(step, w->pixels - k), w->turned + k * width);
    for (int64_t first = 0; first < w->depth; first += GROUP) {
        int64_t n = least(GROUP, w->depth - first);
        int64_t n_tiles = up(n, w->tiles->rows);
        for (int64_t t = 0; t < n_tiles; t++) {
            int64_t i = n * t / n_tiles;
            multiply_turned(w, first + i, n * (t + 1) / n_tiles - i,
                            w->c + i * width);
        }
        add_group(w, first, n);
    }
}

/* dy by rows, for a block of pixels. */
static void copy_rows(const struct work *w, int64_t begin, int64_t n)
{
    for (int64_t at = 0; at < n;) {
        struct piece piece = piece_of(w, begin + at, n - at);
        for (int64_t c = 0; c < w->pass->made.n; c++)
            memcpy(w->turned + c * SL_TILE_ROW + at,
                   piece.from + c * w->dy_plane,
                   (size_t)piece.n * sizeof(float));
        at += piece.n;
    }
}

/* Columns first to first + count of dw, all channels made. */
static void add_panel(const struct work *w, int64_t first, int64_t count,
                      int64_t deep, bool add)
{
    int64_t columns = w->tiles->columns, n = w->pass->made.n;
    int64_t n_tiles = up(n, w->tiles->rows);
    float aside[SL_TILE_ROWS * SL_TILE_COLUMNS] = {0};
    for (int64_t t = 0; t < n_tiles; t++) {
        int64_t i = n * t / n_tiles, rows = n * (t + 1) / n_tiles - i;
        const float *a = w->turned + i * SL_TILE_ROW;
        float *to = w->dw + i * w->depth + first;
        const struct sl_tile_ahead ahead = sl_tile_ahead_in_order(
            to + rows * w->depth, a + rows * SL_TILE_ROW, LINE_FLOATS);
        sl_tile *tile = w->tiles->by_rows[rows - 1];
        if (count == columns) {
            tile(a, w->panel, deep, to, w->depth, add, &ahead);
            continue;
        }
        for (int64_t r = 0; r < rows && add; r++)
            memcpy(aside + r * columns, to + r * w->depth,
                   (size_t)count * sizeof *to);
        tile(a, w->panel, deep, aside, columns, add, &ahead);
        for (int64_t r = 0; r < rows; r++)
            memcpy(to + r * w->depth, aside + r * columns,
                   (size_t)count * sizeof *to);
    }
}

static void add_in_place(const struct work *w)
{
    int64_t columns = w->tiles->columns;
    int64_t step = sl_panels_block_depth(w->pixels);
    for (int64_t k = 0; k < w->pixels; k += step) {
        int64_t deep = least(step, w->pixels - k);
        copy_rows(w, k, deep);
        for (int64_t j = 0; j < w->depth; j += columns) {
            int64_t count = least(columns, w->depth - j);
            gather_rows(w, j, count, k, deep, w->a);
            if (count < columns)
                memset(w->panel, 0, PANEL_FLOATS * sizeof *w->panel);
            sl_transpose(count, deep, w->a, SL_TILE_ROW, w->panel, columns);
            add_panel(w, j, count, deep, w->add || k > 0);
        }
    }
}

void sl_conv_weight(const struct sl_tiles *tiles,
                    const struct sl_conv_pass *pass, int64_t n_images,
                    const float *x, const float *dy, bool accumulate, float *dw,
                    void *scratch)
{
    struct sl_conv_portion portion = portion_of(pass);
    float *at = scratch;
    struct work w = {
        .tiles = tiles,
        .pass = pass,
        .dy_plane = pass->to.height * pass->to.width,
        .dw = dw,
        .depth = sl_conv_depth(pass),
        .a = at,
        .panel = at + A_FLOATS,
        .strip = at + A_FLOATS + PANEL_FLOATS,
        .c = at + A_FLOATS + PANEL_FLOATS + STRIP_FLOATS,
    };
    w.turned = w.c + GROUP * padded(pass->to.channels);
    float *source = w.turned + dy_floats(pass, most_pixels(pass, portion));
    bool few = n_images * w.dy_plane <= 2 * pass->to.channels;
    int64_t n = sl_conv_n_chunks(pass, portion, n_images);
    for (int64_t i = 0; i < n; i++) {
        struct sl_conv_chunk chunk;
        sl_conv_begin(tiles, pass, portion, n_images, i, x, source, &chunk);
        w.chunk = &chunk;
        w.dy = dy + chunk.first_image * pass->to.image +
               pass->made.first * w.dy_plane + chunk.first_row * pass->to.width;
        w.pixels = chunk.n_images * chunk.n_columns;
        w.add = accumulate || i > 0;
        if (few)
            add_in_place(&w);
        else
            add_turned(&w);
    }
}

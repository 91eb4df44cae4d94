/*
 * The products of a convolution's pass.  Any thread.
 *
 * A panel is gathered and meets all rows of the weights before the next, and is
 * in the first cache meanwhile; a block of the weights is in the second while
 * the panels of a chunk pass by.  Where panels would not be whole, because
 * images are small, or if outputs do not lie beside each other, the results of
 * a chunk are collected in scratch memory and go to their places at its end.
 */
#include "tensor/conv/conv_multiply.h"

#include <string.h>

#include "tensor/conv/conv_chunk.h"
#include "tensor/gemm/panels.h"

enum {
    WIDE_IMAGE = 256, /* pixels from which on a part of a panel does no harm */
    PANEL_FLOATS = SL_TILE_ROW_DEPTH * SL_CONV_COLUMNS,
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

/* Whether the results of several images are collected. */
static bool collects(const struct sl_conv_pass *pass)
{
    int64_t n = pass->n_rows * pass->n_columns;
    return pass->step > 1 || (n % SL_CONV_COLUMNS && n < WIDE_IMAGE);
}

static struct sl_conv_portion portion_of(const struct sl_conv_pass *pass)
{
    return sl_conv_portion(pass, collects(pass) ? pass->to.channels : 0);
}

/* Columns that a chunk has room for. */
static int64_t collected(const struct sl_conv_pass *pass,
                         struct sl_conv_portion portion)
{
    int64_t n = portion.images * portion.rows * pass->n_columns;
    return collects(pass) ? up(n, SL_CONV_COLUMNS) * SL_CONV_COLUMNS : 0;
}

int64_t sl_conv_multiply_bytes(const struct sl_conv_pass *pass)
{
    if (pass->n_taps == 0)
        return 0;
    struct sl_conv_portion portion = portion_of(pass);
    int64_t floats = PANEL_FLOATS +
                     pass->to.channels * collected(pass, portion) +
                     sl_conv_source_floats(pass, portion);
    return floats * (int64_t)sizeof(float);
}

/* A chunk on its way. */
struct work {
    const struct sl_tiles *tiles;
    const struct sl_conv_pass *pass;
    const struct sl_conv_chunk *chunk;
    const float *rows; /* of the block of the depth */
    int64_t first;     /* of the depth */
    int64_t deep;
    bool add;
    float *panel;
    float *c; /* the result of the first channel made, column 0 */
    int64_t c_row;
};

/* All channels of `count` columns from c on. */
static void multiply_panel(const struct work *w, float *c, int64_t count)
{
    int64_t n = w->pass->made.n, columns = w->tiles->columns;
    int64_t n_tiles = up(n, w->tiles->rows);
    float aside[SL_TILE_ROWS * SL_TILE_COLUMNS] = {0};
    for (int64_t t = 0; t < n_tiles; t++) {
        int64_t i = n * t / n_tiles, rows = n * (t + 1) / n_tiles - i;
        const float *a = w->rows + i * SL_TILE_ROW;
        float *to = c + i * w->c_row;
        const struct sl_tile_ahead ahead = sl_tile_ahead_in_order(
            to + rows * w->c_row, a + rows * SL_TILE_ROW, LINE_FLOATS);
        sl_tile *tile = w->tiles->by_rows[rows - 1];
        if (count >= columns) {
            tile(a, w->panel, w->deep, to, w->c_row, w->add, &ahead);
            continue;
        }
        for (int64_t r = 0; r < rows && w->add; r++)
            memcpy(aside + r * columns, to + r * w->c_row,
                   (size_t)count * sizeof *to);
        tile(a, w->panel, w->deep, aside, columns, w->add, &ahead);
        for (int64_t r = 0; r < rows; r++)
            memcpy(to + r * w->c_row, aside + r * columns,
                   (size_t)count * sizeof *to);
    }
}

/* Columns first to end of the chunk, which lie one after the other in c. */
static void multiply_columns(const struct work *w, int64_t first, int64_t end,
                             float *c)
{
    int64_t columns = w->tiles->columns;
    for (int64_t j = first; j < end; j += columns, c += columns) {
        struct sl_run runs[SL_CONV_COLUMNS];
        int64_t count = least(columns, end - j);
        const struct sl_gather gather = {
            .from = w->chunk->from,
            .plane = w->chunk->plane,
            .taps = w->chunk->taps,
            .n_taps = w->pass->n_taps,
            .runs = runs,
            .n_runs = sl_conv_runs(w->pass, w->chunk, j, count, runs),
            .to_row = columns,
        };
        if (count < columns)
            memset(w->panel, 0, PANEL_FLOATS * sizeof *w->panel);
        w->tiles->gather(&gather, w->first, w->deep, w->panel);
        multiply_panel(w, c, count);
    }
}

static void multiply_chunk(struct work *w, bool is_collected)
{
    const struct sl_conv_chunk *chunk = w->chunk;
    int64_t depth = sl_conv_depth(w->pass);
    int64_t step = sl_panels_block_depth(depth);
    bool add = w->add;
    for (int64_t k = 0; k < depth; k += step) {
        w->first = k;
        w->deep = least(step, depth - k);
        w->add = add || k > 0;
        if (is_collected)
            multiply_columns(w, 0, chunk->n_images * chunk->n_columns, w->c);
        for (int64_t i = 0; i < chunk->n_images && !is_collected; i++)
            multiply_columns(w, i * chunk->n_columns,
                             (i + 1) * chunk->n_columns,
                             w->c + i * w->pass->to.image);
        w->rows += w->pass->made.n * SL_TILE_ROW;
    }
}

/* c[channels made][n], in images `image` floats apart, begins with the bias. */
static void fill_bias(const struct work *w, const float *bias, int64_t n)
{
    for (int64_t r = 0; r < w->pass->made.n; r++)
        for (int64_t k = 0; k < n; k++)
            w->c[r * w->c_row + k] = bias[r];
}

/* What was collected goes to its places. */
static void hand_out(const struct work *w, float *to)
{
    const struct sl_conv_pass *p = w->pass;
    const struct sl_conv_chunk *chunk = w->chunk;
    int64_t plane = p->to.height * p->to.width;
    for (int64_t i = 0; i < chunk->n_images; i++)
        for (int64_t c = 0; c < p->made.n; c++) {
            const float *from = w->c + c * w->c_row + i * chunk->n_columns;
            float *pixels = to + (chunk->first_image + i) * p->to.image +
                            (p->made.first + c) * plane + p->column;
            for (int64_t r = 0; r < chunk->n_rows; r++) {
                int64_t row = p->row + (chunk->first_row + r) * p->step;
                for (int64_t j = 0; j < p->n_columns; j++)
                    pixels[row * p->to.width + j * p->step] = *from++;
            }
        }
}

/* Where the grid is all of an image. */
static float *place_of(const struct sl_conv_pass *pass,
                       const struct sl_conv_chunk *chunk, float *to)
{
    return to + chunk->first_image * pass->to.image +
           (pass->made.first * pass->to.height + chunk->first_row) *
               pass->to.width;
}

void sl_conv_multiply(const struct sl_tiles *tiles,
                      const struct sl_conv_pass *pass, const float *rows,
                      const float *bias, int64_t n_images, const float *from,
                      float *to, void *scratch)
{
    if (pass->n_taps == 0)
        return;
    struct sl_conv_portion portion = portion_of(pass);
    int64_t room = collected(pass, portion);
    float *panel = scratch, *c = panel + PANEL_FLOATS;
    float *source = c + pass->to.channels * room;
    int64_t n = sl_conv_n_chunks(pass, portion, n_images);
    for (int64_t i = 0; i < n; i++) {
        struct sl_conv_chunk chunk;
        sl_conv_begin(tiles, pass, portion, n_images, i, from, source, &chunk);
        struct work w = {
            .tiles = tiles,
            .pass = pass,
            .chunk = &chunk,
            .rows = rows,
            .add = bias != NULL,
            .panel = panel,
            .c = room > 0 ? c : place_of(pass, &chunk, to),
            .c_row = room > 0 ? room : pass->to.height * pass->to.width,
        };
        if (bias && room > 0)
            fill_bias(&w, bias, chunk.n_images * chunk.n_columns);
        for (int64_t k = 0; bias && room == 0 && k < chunk.n_images; k++) {
            struct work image = w;
            image.c += k * pass->to.image;
            fill_bias(&image, bias, chunk.n_columns);
        }
        multiply_chunk(&w, room > 0);
        if (room > 0)
            hand_out(&w, to);
    }
}

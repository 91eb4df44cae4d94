/*
 * Products turned round.  Any thread.
 *
 * The depth is divided into slabs, whose panels of transpose(a) stay in the
 * second cache.  Against a slab come the rows of transpose(b), a group at a
 * time: a tile's rows are copied, block by block of the depth, and meet all
 * panels.  The sums of a group lie in the scratch memory until the slab's depth
 * is over, and are transposed into c at its end.
 */
#include "tensor/gemm/turned.h"

#include <string.h>

#include "tensor/gemm/transpose.h"

enum {
    PACK_USES = 5, /* packing pays with as many */
    LEAST_ROWS = 16,
    SLAB = 1024,    /* of the depth: SL_TURNED_ROWS by it are 1 MiB */
    GROUP = 8 * 14, /* rows of transpose(b): whole tiles, and squares */
    PART = 2 * 14,  /* the same */
    LINE_FLOATS = 64 / sizeof(float),
    A_FLOATS = SL_TILE_ROWS * SL_TILE_ROW,
    C_FLOATS = GROUP * SL_TURNED_ROWS,
};

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t up(int64_t n, int64_t to)
{
    return (n + to - 1) / to;
}

/* Columns of all panels of a. */
static int64_t padded(const struct sl_tiles *tiles, int64_t rows)
{
    return up(rows, tiles->columns) * tiles->columns;
}

bool sl_turned_pays(const struct sl_tiles *tiles,
                    const struct sl_panel_product *p)
{
    int64_t lost = padded(tiles, p->m) - p->m;
    return !p->panels && p->b.column != 1 && p->a.column == 1 &&
           p->m >= LEAST_ROWS && p->m <= SL_TURNED_ROWS &&
           (p->m <= tiles->columns || lost * 2 <= p->m);
}

bool sl_turned_is_fastest(const struct sl_tiles *tiles,
                          const struct sl_panel_product *p, int n_uses)
{
    int64_t lost = padded(tiles, p->m) - p->m;
    return sl_turned_pays(tiles, p) && lost * 4 <= p->m && n_uses < PACK_USES;
}

size_t sl_turned_scratch_bytes(const struct sl_tiles *tiles, int64_t depth)
{
    int64_t panels =
        sl_panels_floats(tiles, least(depth, SLAB), SL_TURNED_ROWS);
    return (size_t)(A_FLOATS + C_FLOATS + panels) * sizeof(float);
}

/* A group of rows of transpose(b) by a slab of the depth. */
struct group {
    const float *rows; /* [n][deep], `row` floats apart */
    int64_t row;
    int64_t n;
    int64_t deep;
    const float *panels;
    int64_t width; /* of all panels */
    float *a;      /* room for the rows of a tile */
    float *c;      /* [n][width] */
    bool add;      /* to what is in c */
};

/* Rows i to i + rows, from k on; and have those that come next brought near. */
static void copy_rows(const struct group *g, int64_t i, int64_t rows, int64_t k,
                      int64_t deep)
{
    bool is_last = k + deep == g->deep;
    const float *from = g->rows + i * g->row + k;
    const float *next = is_last ? from - k + rows * g->row : from + deep;
    for (int64_t r = 0; r < rows; r++) {
        memcpy(g->a + r * SL_TILE_ROW, from + r * g->row,
               (size_t)deep * sizeof *from);
        for (int64_t at = 0; at < deep; at += LINE_FLOATS)
            __builtin_prefetch(next + r * g->row + at, 0, 2);
    }
}

static void multiply_tile(const struct sl_tiles *tiles, const struct group *g,
                          int64_t i, int64_t rows)
{
    sl_tile *tile = tiles->by_rows[rows - 1];
    int64_t step = sl_panels_block_depth(g->deep);
    const float *panel = g->panels;
    for (int64_t k = 0; k < g->deep; k += step) {
        int64_t deep = least(step, g->deep - k);
        copy_rows(g, i, rows, k, deep);
        for (int64_t j = 0; j < g->width; j += tiles->columns) {
            float *c = g->c + i * g->width + j;
            const float *after = panel + deep * tiles->columns;
            const struct sl_tile_ahead ahead =
                sl_tile_ahead_in_order(c, after, tiles->columns);
            tile(g->a, panel, deep, c, g->width, g->add || k > 0, &ahead);
            panel = after;
        }
    }
}

static void multiply_group(const struct sl_tiles *tiles, const struct group *g)
{
    int64_t n_tiles = up(g->n, tiles->rows);
    for (int64_t t = 0; t < n_tiles; t++) {
        int64_t i = g->n * t / n_tiles;
        multiply_tile(tiles, g, i, g->n * (t + 1) / n_tiles - i);
    }
}

/* A slab of the depth, from k on, by columns j to `end` of c, once its panels
 * are made. */
struct slab {
    int64_t k;
    int64_t deep;
    int64_t j;
    int64_t end;
};

static float *panels_of(void *scratch)
{
    return (float *)scratch + A_FLOATS + C_FLOATS;
}

static void pack_slab(const struct sl_tiles *tiles,
                      const struct sl_panel_product *p, struct slab at,
                      void *scratch)
{
    struct sl_view left = {p->a.at + at.k, 1, p->a.row};
    sl_panels_pack(tiles, left, at.deep, p->m, panels_of(scratch));
}

static void multiply_slab(const struct sl_tiles *tiles,
                          const struct sl_panel_product *p, struct slab at,
                          void *scratch)
{
    float *c = (float *)scratch + A_FLOATS;
    int64_t width = padded(tiles, p->m);
    int64_t c_row = p->c_row ? p->c_row : p->n;
    for (int64_t j = at.j; j < at.end; j += GROUP) {
        const struct group g = {
            .rows = p->b.at + at.k + j * p->b.column,
            .row = p->b.column,
            .n = least(GROUP, at.end - j),
            .deep = at.deep,
            .panels = panels_of(scratch),
            .width = width,
            .a = scratch,
            .c = c,
            .add = p->add || at.k > 0,
        };
        if (g.add)
            sl_transpose(p->m, g.n, p->c + j, c_row, c, width);
        multiply_group(tiles, &g);
        sl_transpose(g.n, p->m, c, width, p->c + j, c_row);
    }
}

void sl_turned_multiply(const struct sl_tiles *tiles,
                        const struct sl_panel_product *p, void *scratch)
{
    int64_t deep = up(p->depth, up(p->depth, SLAB));
    for (int64_t k = 0; k < p->depth; k += deep) {
        struct slab at = {k, least(deep, p->depth - k), 0, p->n};
        pack_slab(tiles, p, at, scratch);
        multiply_slab(tiles, p, at, scratch);
    }
}

int64_t sl_turned_n_parts(const struct sl_panel_product *p)
{
    return p->depth <= SLAB ? up(p->n, PART) : 0;
}

void sl_turned_make_parts(const struct sl_tiles *tiles,
                          const struct sl_panel_product *p, int64_t first,
                          int64_t n, bool has_a, void *scratch)
{
    struct slab at = {0, p->depth, first * PART,
                      least((first + n) * PART, p->n)};
    if (!has_a)
        pack_slab(tiles, p, at, scratch);
    multiply_slab(tiles, p, at, scratch);
}

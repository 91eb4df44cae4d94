/* Products by tiles.  Any thread. */
#include "tensor/gemm/panels.h"

#include <string.h>

#include "base/split.h"

enum {
    BLOCK_ROWS = 12 * SL_TILE_ROWS, /* of a: they stay in the second cache */
    BLOCK_COLUMNS = 1024,           /* of b, packed for one use: the same */
    A_FLOATS = BLOCK_ROWS * SL_TILE_ROW, /* by depth a tile needs less */
    LEAD = 2,                            /* tiles */
    IN_PLACE_FLOATS = 256 * 1024,        /* of b, if it is read as it lies */
    IN_PLACE_ROWS = 64,                  /* of a, of all uses together */
    LINE_FLOATS = 64 / sizeof(float),
    KEPT_ROWS = 6 * SL_TILE_ROWS, /* of a, of which a part keeps all the depth:
                                     they stay in the second cache, too */
    KEPT_FLOATS = KEPT_ROWS * SL_TILE_ROW,
};

_Static_assert(SL_TILE_STEP *SL_TILE_DEPTH <= A_FLOATS, "a tile by depth fits");
_Static_assert(SL_TILE_ROWS <= SL_TILE_STEP, "a step has the rows of a tile");

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t up(int64_t n, int64_t to)
{
    return (n + to - 1) / to;
}

/* The depth of a block of at most `most`, but for the last: blocks are about
 * equally deep. */
static int64_t block_depth(int64_t depth, int64_t most)
{
    return up(depth, up(depth, most));
}

size_t sl_panels_scratch_bytes(const struct sl_tiles *tiles, int64_t depth,
                               int64_t n, bool packed)
{
    int64_t floats = A_FLOATS;
    if (!packed)
        floats += sl_panels_floats(tiles, least(depth, SL_TILE_DEPTH),
                                   least(n, BLOCK_COLUMNS));
    return (size_t)floats * sizeof(float);
}

/* A block of a product: rows by `deep` of a, that by n of b. */
struct block {
    int64_t rows;
    int64_t deep;
    int64_t n;
    struct sl_view a;
    const float *panels;
    float *c;
    int64_t c_row;
    bool add;
};

/* A tile of c at row i and column j, from its rows of a and its panel. */
struct place {
    int64_t i;
    int64_t j;
    int64_t rows;
    const float *a;
    const float *panel;
    struct sl_tile_ahead ahead;
};

/* Beyond the last column of c it is computed aside. */
static void run_tile(const struct sl_tiles *tiles, sl_tile *const *of,
                     const struct block *b, const struct place *at)
{
    sl_tile *tile = of[at->rows - 1];
    float *c = b->c + at->i * b->c_row + at->j;
    int64_t columns = tiles->columns;
    int64_t count = b->n - at->j;
    if (count >= columns) {
        tile(at->a, at->panel, b->deep, c, b->c_row, b->add, &at->ahead);
        return;
    }
    float aside[SL_TILE_ROWS * SL_TILE_COLUMNS] = {0};
    for (int64_t i = 0; i < at->rows && b->add; i++)
        memcpy(aside + i * columns, c + i * b->c_row,
               (size_t)count * sizeof *c);
    tile(at->a, at->panel, b->deep, aside, columns, b->add, &at->ahead);
    for (int64_t i = 0; i < at->rows; i++)
        memcpy(c + i * b->c_row, aside + i * columns,
               (size_t)count * sizeof *c);
}

/* Rows of tile t of n_tiles, which differ by at most one. */
static int64_t tile_begin(int64_t rows, int64_t n_tiles, int64_t t)
{
    return rows * t / n_tiles;
}

static void copy_rows(const struct block *b, float *to)
{
    for (int64_t i = 0; i < b->rows; i++)
        memcpy(to + i * SL_TILE_ROW, b->a.at + i * b->a.row,
               (size_t)b->deep * sizeof *to);
}

/* Bring part i of n of what copy_rows() reads for the next block of the depth:
 * another device of the team may have written it last. */
static void bring_rows(const struct block *b, int64_t i, int64_t n)
{
    for (int64_t r = b->rows * i / n; r < b->rows * (i + 1) / n; r++)
        for (int64_t k = b->deep; k < 2 * b->deep; k += LINE_FLOATS)
            __builtin_prefetch(b->a.at + r * b->a.row + k, 0, 2);
}

/*
 * a lies by rows, which are copied: few rows of c, so that a panel of b stays
 * in the first cache while the tiles of a column pass by.  Each of them brings
 * its share of the next panel and its own place in the next column.
 *
 * A core can wait for few lines that its program asks for, but by itself it
 * brings many more of a page of 4 KiB whose lines are asked for one after the
 * other.  A share has its part in each quarter of the panel, a page or so, and
 * the quarters take turns: so those lines have four times as long to come.
 */
static void multiply_rows(const struct sl_tiles *tiles, const struct block *b,
                          const float *copied, bool brings)
{
    int64_t columns = tiles->columns;
    int64_t n_tiles = up(b->rows, tiles->rows);
    int64_t share = up(columns, n_tiles);
    int64_t quarter = columns * b->deep / SL_TILE_STREAMS;
    for (int64_t j = 0; j < b->n; j += columns) {
        const float *panel = b->panels + j * b->deep;
        int64_t next = j + 2 * columns <= b->n ? j + columns : j;
        if (brings)
            bring_rows(b, j / columns, up(b->n, columns));
        for (int64_t t = 0; t < n_tiles; t++) {
            int64_t i = tile_begin(b->rows, n_tiles, t);
            const struct place at = {
                .i = i,
                .j = j,
                .rows = tile_begin(b->rows, n_tiles, t + 1) - i,
                .a = copied + i * SL_TILE_ROW,
                .panel = panel,
                .ahead = {b->c + i * b->c_row + next,
                          panel + columns * b->deep +
                              t * share * b->deep / SL_TILE_STREAMS,
                          quarter, share},
            };
            run_tile(tiles, tiles->by_rows, b, &at);
        }
    }
}

/* Whole panels of a b that is read as it lies, each row of it 128 bytes or
 * less; tiles bring the same rows of the next panel. */
static void multiply_whole(const struct sl_tiles *tiles, const struct block *b,
                           struct sl_view from, float *scratch)
{
    int64_t columns = tiles->columns;
    int64_t n_tiles = up(b->rows, tiles->rows);
    copy_rows(b, scratch);
    for (int64_t j = 0; j + columns <= b->n; j += columns) {
        int64_t next = j + 2 * columns <= b->n ? j + columns : j;
        for (int64_t t = 0; t < n_tiles; t++) {
            int64_t i = tile_begin(b->rows, n_tiles, t);
            int64_t rows = tile_begin(b->rows, n_tiles, t + 1) - i;
            float *c = b->c + i * b->c_row;
            const struct sl_tile_ahead ahead = {
                c + next, from.at + next, from.row, SL_TILE_STREAMS * from.row};
            tiles->in_place[rows - 1](scratch + i * SL_TILE_ROW, from.at + j,
                                      from.row, b->deep, c + j, b->c_row,
                                      b->add, &ahead);
        }
    }
}

/* Copy columns i to i + rows of a, transposed: a step is SL_TILE_STEP floats,
 * of which more than `rows` may be copied where there are more. */
static void copy_columns(const struct block *b, int64_t i, int64_t rows,
                         float *to)
{
    int64_t n = i + SL_TILE_STEP <= b->rows ? SL_TILE_STEP : rows;
    const float *from = b->a.at + i;
    for (int64_t k = 0; k < b->deep; k++, from += b->a.column)
        if (n == SL_TILE_STEP)
            memcpy(to + k * SL_TILE_STEP, from, SL_TILE_STEP * sizeof *to);
        else
            memcpy(to + k * SL_TILE_STEP, from, (size_t)n * sizeof *to);
}

/* Bring the part for tile `i` of n of what copy_columns() reads after the rows
 * up to `end`: of each step of the depth the one line that is not there yet. */
static void bring_columns(const struct block *b, int64_t end, int64_t i,
                          int64_t n)
{
    int64_t last = least(end + SL_TILE_ROWS, b->rows) - 1;
    const float *at = b->a.at + last;
    for (int64_t k = b->deep * i / n; k < b->deep * (i + 1) / n; k++)
        __builtin_prefetch(at + k * b->a.column, 0, 2);
}

/* The place in c of the tile that is LEAD on from row i and column j, in the
 * same row of tiles or in the next one. */
static const float *place_ahead(const struct block *b, int64_t i, int64_t rows,
                                int64_t j, int64_t columns)
{
    int64_t ahead = j + LEAD * columns;
    if (ahead < b->n)
        return b->c + i * b->c_row + ahead;
    if (i + rows == b->rows)
        return b->c;
    return b->c + (i + rows) * b->c_row + ahead - b->n;
}

/* a is transposed: many rows of c, which pass by once; the tile of a stays in
 * the first cache, the panels of b in the second.  The core itself brings more
 * of rows of c that are passed along, but not where the next rows begin. */
static void multiply_columns(const struct sl_tiles *tiles,
                             const struct block *b, float *scratch)
{
    int64_t columns = tiles->columns;
    int64_t n_tiles = up(b->rows, tiles->rows);
    for (int64_t t = 0; t < n_tiles; t++) {
        int64_t i = tile_begin(b->rows, n_tiles, t);
        int64_t rows = tile_begin(b->rows, n_tiles, t + 1) - i;
        copy_columns(b, i, rows, scratch);
        for (int64_t j = 0; j < b->n; j += columns) {
            const float *panel = b->panels + j * b->deep;
            bool is_last = j + 2 * columns > b->n;
            bring_columns(b, i + rows, j / columns, up(b->n, columns));
            const struct place at = {
                .i = i,
                .j = j,
                .rows = rows,
                .a = scratch,
                .panel = panel,
                .ahead = sl_tile_ahead_in_order(
                    place_ahead(b, i, rows, j, columns),
                    is_last ? panel : panel + b->deep * columns, columns),
            };
            run_tile(tiles, tiles->by_depth, b, &at);
        }
    }
}

/* All rows of a against one block of b. */
static void multiply_block(const struct sl_tiles *tiles, struct block b,
                           int64_t m, float *scratch)
{
    if (b.a.column != 1) {
        b.rows = m;
        multiply_columns(tiles, &b, scratch);
        return;
    }
    for (int64_t i = 0; i < m; i += BLOCK_ROWS) {
        b.rows = least(BLOCK_ROWS, m - i);
        copy_rows(&b, scratch);
        multiply_rows(tiles, &b, scratch, false);
        b.a.at += b.rows * b.a.row;
        b.c += b.rows * b.c_row;
    }
}

/* All columns of one block of the depth of a b that is read as it lies, but for
 * the last, if they fill no panel: behind the last row there may be nothing. */
static void multiply_in_place(const struct sl_tiles *tiles, struct block b,
                              struct sl_view from, int64_t m, float *scratch)
{
    float *room = scratch + A_FLOATS;
    int64_t whole = b.n / tiles->columns * tiles->columns;
    struct block rest = b;
    rest.n -= whole;
    rest.c += whole;
    rest.panels = room;
    for (int64_t i = 0; i < m; i += BLOCK_ROWS) {
        b.rows = least(BLOCK_ROWS, m - i);
        multiply_whole(tiles, &b, from, scratch);
        b.a.at += b.rows * b.a.row;
        b.c += b.rows * b.c_row;
    }
    if (rest.n == 0)
        return;
    from.at += whole;
    sl_panels_pack_block(tiles, from, b.deep, rest.n, room);
    multiply_block(tiles, rest, m, scratch);
}

static bool is_in_place(const struct sl_panel_product *p)
{
    return !p->panels && p->a.column == 1 && p->b.column == 1 &&
           p->n <= IN_PLACE_FLOATS && p->depth <= IN_PLACE_FLOATS &&
           p->depth * p->n <= IN_PLACE_FLOATS;
}

bool sl_panels_pay(const struct sl_panel_product *p, int n_uses)
{
    return !is_in_place(p) || p->m > IN_PLACE_ROWS ||
           p->m * n_uses > IN_PLACE_ROWS;
}

float *sl_panels_room(void *scratch)
{
    return (float *)scratch + A_FLOATS;
}

void sl_panels_multiply(const struct sl_tiles *tiles,
                        const struct sl_panel_product *p, void *scratch)
{
    float *room = sl_panels_room(scratch);
    const float *panels = p->panels;
    int64_t step = block_depth(p->depth, p->a.column == 1 ? SL_TILE_ROW_DEPTH
                                                          : SL_TILE_DEPTH);
    int64_t wide = p->panels ? p->n : BLOCK_COLUMNS;
    for (int64_t k = 0; k < p->depth; k += step)
        for (int64_t j = 0; j < p->n; j += wide) {
            struct block b = {
                .deep = least(step, p->depth - k),
                .n = least(wide, p->n - j),
                .a = {p->a.at + k * p->a.column, p->a.row, p->a.column},
                .panels = p->panels ? panels : room,
                .c = p->c + j,
                .c_row = p->c_row ? p->c_row : p->n,
                .add = p->add || k > 0,
            };
            struct sl_view from = {p->b.at + k * p->b.row + j * p->b.column,
                                   p->b.row, p->b.column};
            if (is_in_place(p)) {
                multiply_in_place(tiles, b, from, p->m, scratch);
                continue;
            }
            if (!p->panels)
                sl_panels_pack_block(tiles, from, b.deep, b.n, room);
            else
                panels += sl_panels_floats(tiles, b.deep, b.n);
            multiply_block(tiles, b, p->m, scratch);
        }
}

static int64_t n_groups(const struct sl_panel_product *p)
{
    return up(p->m, KEPT_ROWS);
}

int64_t sl_panels_n_parts(const struct sl_tiles *tiles,
                          const struct sl_panel_product *p)
{
    return n_groups(p) * up(p->n, tiles->columns);
}

size_t sl_panels_parts_bytes(int64_t depth)
{
    return (size_t)(up(depth, SL_TILE_ROW_DEPTH) * KEPT_FLOATS) * sizeof(float);
}

/* A group of rows by some columns. */
static void make_group(const struct sl_tiles *tiles,
                       const struct sl_panel_product *p, int64_t group,
                       struct sl_rows of, bool is_kept, float *copied)
{
    int64_t row = tile_begin(p->m, n_groups(p), group);
    int64_t step = sl_panels_block_depth(p->depth);
    int64_t c_row = p->c_row ? p->c_row : p->n;
    const float *panels = p->panels;
    for (int64_t k = 0; k < p->depth; k += step) {
        const int64_t deep = least(step, p->depth - k);
        const struct block b = {
            .rows = tile_begin(p->m, n_groups(p), group + 1) - row,
            .deep = deep,
            .n = of.n,
            .a = {p->a.at + row * p->a.row + k, p->a.row, 1},
            .panels = panels + of.first * deep,
            .c = p->c + row * c_row + of.first,
            .c_row = c_row,
            .add = p->add || k > 0,
        };
        if (!is_kept)
            copy_rows(&b, copied);
        multiply_rows(tiles, &b, copied, !is_kept && k + step < p->depth);
        panels += sl_panels_floats(tiles, deep, p->n);
        copied += KEPT_FLOATS;
    }
}

void sl_panels_make_parts(const struct sl_tiles *tiles,
                          const struct sl_panel_product *p, int64_t first,
                          int64_t n, int64_t *kept, void *scratch)
{
    int64_t columns = tiles->columns, n_panels = up(p->n, columns), count;
    for (; n > 0; first += count, n -= count) {
        int64_t group = first / n_panels, j = first % n_panels;
        count = least(n, n_panels - j);
        const struct sl_rows of = {j * columns,
                                   least(count * columns, p->n - j * columns)};
        make_group(tiles, p, group, of, *kept == group, scratch);
        *kept = group;
    }
}

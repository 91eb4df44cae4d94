/*
 * Tiles: the innermost loops of the backend `packed`, one table for each
 * instruction set that has fused multiply-adds.
 *
 * A tile is a few rows and `columns` columns of a result c (+)= a * b, small
 * enough for its sums to stay in registers.  Each element is one chain of fused
 * multiply-adds in the order of the depth, which begins with the element as it
 * was or with 0: so its bits depend neither on the instruction set nor on the
 * size of tiles and blocks.
 *
 * Threads: any.
 */
#ifndef SL_TENSOR_GEMM_TILES_H
#define SL_TENSOR_GEMM_TILES_H

#include <stdbool.h>
#include <stdint.h>

#include "tensor/conv/gather.h"

enum {
    SL_TILE_ROWS = 14,       /* the most, of any instruction set */
    SL_TILE_COLUMNS = 32,    /* the same */
    SL_TILE_DEPTH = 256,     /* the most of one call by depth ... */
    SL_TILE_ROW_DEPTH = 128, /* ... and by rows: the panel that is read and
                                the next one fit in the first cache */

    /* Floats from row to row of an operand that lies by rows; not a power of
     * two, so that rows do not share sets of the cache. */
    SL_TILE_ROW = SL_TILE_ROW_DEPTH + 16,

    /* Floats from depth to depth of an operand that lies by depth. */
    SL_TILE_STEP = 16,

    /* Places of a panel from which lines are brought in turn. */
    SL_TILE_STREAMS = 4,
};

/* What a tile has brought into the second cache while it multiplies.  Any
 * address will do. */
struct sl_tile_ahead {
    const float *next;  /* the first 128 bytes of a row for every 8 of the
                           depth, for every 4 or 2 if there are but 64 or 32;
                           rows are `c_row` floats apart: where a tile will be
                           soon */
    const float *panel; /* lines of a panel that will be read soon, as many as
                           the depth: one of each stream, then the next one of
                           each */
    int64_t stream;     /* floats from stream to stream */
    int64_t step;       /* floats from line to line of a stream */
};

/* Lines that lie `step` floats apart are brought in the order in which they
 * lie. */
static inline struct sl_tile_ahead
sl_tile_ahead_in_order(const float *next, const float *panel, int64_t step)
{
    return (struct sl_tile_ahead){next, panel, step, SL_TILE_STREAMS * step};
}

/*
 * c[rows][columns], rows of `c_row` floats, from a[rows][depth] and
 * b[depth][columns], which lies packed, aligned to 64 bytes.  a's element
 * [i][k] is at [i * SL_TILE_ROW + k], or by depth at [k * SL_TILE_STEP + i].
 */
typedef void sl_tile(const float *a, const float *b, int64_t depth, float *c,
                     int64_t c_row, bool add,
                     const struct sl_tile_ahead *ahead);

/* The same of a b that is not packed, rows of `b_row` floats; a lies by rows.
 */
typedef void sl_tile_in_place(const float *a, const float *b, int64_t b_row,
                              int64_t depth, float *c, int64_t c_row, bool add,
                              const struct sl_tile_ahead *ahead);

struct sl_tiles {
    int rows;                          /* the most of a tile */
    int columns;                       /* of every tile; a multiple of 16 */
    sl_tile *const *by_rows;           /* [rows]: of 1, 2, ... rows */
    sl_tile *const *by_depth;          /* [rows] */
    sl_tile_in_place *const *in_place; /* [rows] */
    sl_gather_rows *gather; /* panels and rows of a convolution's matrix */
    sl_pixel_rows *spread;  /* and what they are gathered from */
};

/* Those of this processor; NULL if it has no fused multiply-adds, or the
 * library was built without. */
const struct sl_tiles *sl_tiles(void);

/* Those of an instruction set, whether the processor has it or not; NULL if it
 * was not built.  sl_tiles_run() says whether it has. */
const struct sl_tiles *sl_tiles_avx512(void);
const struct sl_tiles *sl_tiles_avx2(void);
bool sl_tiles_run(const struct sl_tiles *tiles);

#endif

/*
 * An operand of tiles in panels, which is how they read it.
 *
 * A panel of b[depth][n] is `columns` of its columns, zero beyond n.  Panels
 * lie in blocks of at most SL_TILE_ROW_DEPTH of the depth: block by block, in a
 * block panel by panel.  So a product reads them in the order in which they
 * lie.
 *
 * Nothing is allocated and nothing fails.
 *
 * Threads: any; one at a time for the same memory.
 */
#ifndef SL_TENSOR_GEMM_PANEL_PACK_H
#define SL_TENSOR_GEMM_PANEL_PACK_H

#include <stdint.h>

#include "tensor/gemm/tiles.h"

/* A matrix in memory: element [i][j] is at [i * row + j * column]. */
struct sl_view {
    const float *at;
    int64_t row;
    int64_t column;
};

/* Floats of b[depth][n] in panels. */
int64_t sl_panels_floats(const struct sl_tiles *tiles, int64_t depth,
                         int64_t n);

/* The depth of a block of panels, except the last. */
int64_t sl_panels_block_depth(int64_t depth);

/* Copy b[depth][n] into panels, aligned to 64 bytes. */
void sl_panels_pack(const struct sl_tiles *tiles, struct sl_view b,
                    int64_t depth, int64_t n, float *panels);

/* The same of one block, for a product that reads it at once. */
void sl_panels_pack_block(const struct sl_tiles *tiles, struct sl_view b,
                          int64_t depth, int64_t n, float *panels);

#endif

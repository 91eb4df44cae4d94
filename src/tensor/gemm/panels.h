/*
 * Products by tiles: operands are copied into panels, as tiles read them, and
 * multiplied block by block.
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
#ifndef SL_TENSOR_GEMM_PANELS_H
#define SL_TENSOR_GEMM_PANELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tensor/gemm/tiles.h"

/* A matrix in memory: element [i][j] is at [i * row + j * column]. */
struct sl_view {
    const float *at;
    int64_t row;
    int64_t column;
};

/* c[m][n] (+)= a[m][depth] * b[depth][n]. */
struct sl_panel_product {
    int64_t m;
    int64_t depth;
    int64_t n;
    struct sl_view a;    /* row or column is 1 */
    struct sl_view b;    /* unless `panels`; row or column is 1 */
    const float *panels; /* b as sl_panels_pack() made it; NULL: pack it now */
    float *c;
    int64_t c_row; /* floats from row to row of c; 0: n */
    bool add;
};

/* Floats of b[depth][n] in panels. */
int64_t sl_panels_floats(const struct sl_tiles *tiles, int64_t depth,
                         int64_t n);

/* The depth of a block of panels, except the last. */
int64_t sl_panels_block_depth(int64_t depth);

/* Copy b[depth][n] into panels, aligned to 64 bytes. */
void sl_panels_pack(const struct sl_tiles *tiles, struct sl_view b,
                    int64_t depth, int64_t n, float *panels);

/* Bytes that a product uses besides, aligned to 64: enough for any size. */
size_t sl_panels_scratch_bytes(const struct sl_tiles *tiles, int64_t depth,
                               int64_t n, bool packed);

void sl_panels_multiply(const struct sl_tiles *tiles,
                        const struct sl_panel_product *product, void *scratch);

#endif

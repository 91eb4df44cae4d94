/*
 * Products by tiles: operands are copied into panels, as tiles read them, and
 * multiplied block by block.
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

#include "tensor/gemm/panel_pack.h"
#include "tensor/gemm/tiles.h"

/* c[m][n] (+)= a[m][depth] * b[depth][n]. */
struct sl_panel_product {
    int64_t m;
    int64_t depth;
    int64_t n;
    struct sl_view a;    /* row or column is 1 */
    struct sl_view b;    /* unless `panels`; row or column is 1 */
    const float *panels; /* b as sl_panels_pack() made it; NULL: read it as it
                            lies, or pack it now */
    float *c;
    int64_t c_row; /* floats from row to row of c; 0: n */
    bool add;
};

/* Whether packing b once pays if as many products use it, with the same m: few
 * rows of a small b[depth][n] that lies by rows are multiplied as it lies. */
bool sl_panels_pay(const struct sl_panel_product *product, int n_uses);

/* Bytes that a product uses besides, aligned to 64: enough for any size. */
size_t sl_panels_scratch_bytes(const struct sl_tiles *tiles, int64_t depth,
                               int64_t n, bool packed);

void sl_panels_multiply(const struct sl_tiles *tiles,
                        const struct sl_panel_product *product, void *scratch);

#endif

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

/* Where in the scratch memory a product has room for panels of b, if it packs
 * them itself, or for those that are given and made of the same columns. */
float *sl_panels_room(void *scratch);

void sl_panels_multiply(const struct sl_tiles *tiles,
                        const struct sl_panel_product *product, void *scratch);

/*
 * The same in parts, of which different threads may make some, each with
 * scratch memory of its own.  A part is some rows of c by one panel of those
 * that are given; parts `first` to first + n are made.
 *
 * `*kept` says whose copy of rows of a the scratch memory has: -1 at first, and
 * left alone while a is the same.  sl_panels_parts_bytes() is enough for any
 * number of rows.
 */
int64_t sl_panels_n_parts(const struct sl_tiles *tiles,
                          const struct sl_panel_product *product);
size_t sl_panels_parts_bytes(int64_t depth);
void sl_panels_make_parts(const struct sl_tiles *tiles,
                          const struct sl_panel_product *product, int64_t first,
                          int64_t n, int64_t *kept, void *scratch);

#endif

/*
 * Products by a transposed right operand, turned round: transpose(c) =
 * transpose(b) * transpose(a).  transpose(b) lies by rows, so that nothing of b
 * is packed; what is packed is a, and c is transposed, which for few rows of a
 * is less work by far.
 *
 * The bits are those of sl_panels_multiply(): each element is the same chain of
 * fused multiply-adds.
 *
 * Threads: any; one at a time for the same memory.
 */
#ifndef SL_TENSOR_GEMM_TURNED_H
#define SL_TENSOR_GEMM_TURNED_H

#include "tensor/gemm/panels.h"

enum { SL_TURNED_ROWS = 256 }; /* the most of a */

/* Whether a product is one of these, and is faster so than if b were packed for
 * this product alone: b is transposed and not packed, and a has some rows, of
 * which whole panels hold not too many more.  Weights of one column lie by rows
 * as well: their products are none of these. */
bool sl_turned_pays(const struct sl_tiles *tiles,
                    const struct sl_panel_product *product);

/* Whether it is also faster than with a packed copy of b for so many uses. */
bool sl_turned_is_fastest(const struct sl_tiles *tiles,
                          const struct sl_panel_product *product, int n_uses);

/* Bytes that it uses besides, aligned to 64: enough for any number of rows. */
size_t sl_turned_scratch_bytes(const struct sl_tiles *tiles, int64_t depth);

/* Multiply; a has at most SL_TURNED_ROWS, and it is one of these. */
void sl_turned_multiply(const struct sl_tiles *tiles,
                        const struct sl_panel_product *product, void *scratch);

/*
 * The same in parts, as those of panels.h; a part is some columns of c.  There
 * are none if the product is too deep.  `has_a`: the scratch memory has what
 * another part has made of the same a.
 */
int64_t sl_turned_n_parts(const struct sl_panel_product *product);
void sl_turned_make_parts(const struct sl_tiles *tiles,
                          const struct sl_panel_product *product, int64_t first,
                          int64_t n, bool has_a, void *scratch);

#endif

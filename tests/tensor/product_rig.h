/* A product with memory of exactly what it asked for. */
#ifndef SL_TEST_PRODUCT_RIG_H
#define SL_TEST_PRODUCT_RIG_H

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "support/runner.h"
#include "tensor/gemm/product.h"

struct rig {
    struct sluice_product product;
    void *packed;
    void *scratch;
};

/* Zeros, in whole cache lines. */
static inline void *rig_block(size_t bytes)
{
    ck_assert_uint_eq(bytes % SL_ALIGN, 0);
    void *memory = aligned_alloc(SL_ALIGN, bytes ? bytes : SL_ALIGN);
    ck_assert_ptr_nonnull(memory);
    return memset(memory, 0, bytes);
}

static inline void rig_make(struct rig *rig, struct sl_product_wish wish)
{
    ck_assert(!sl_product_settle(&rig->product, &wish, NULL));
    rig->packed = rig_block(sl_product_packed_bytes(&rig->product));
    rig->scratch = rig_block(rig->product.scratch_bytes);
    sl_product_bind(&rig->product, rig->packed, rig->scratch);
}

static inline void rig_free(struct rig *rig)
{
    free(rig->scratch);
    free(rig->packed);
}

#endif

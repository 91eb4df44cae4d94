/*
 * Sums along a row, in double: SL_PARTS partial sums, element i going into
 * number i % SL_PARTS, added up in pairs at the end.  The order is the same for
 * every instruction set, and so are the bits.
 */
#ifndef SL_TENSOR_KERNELS_SUMS_H
#define SL_TENSOR_KERNELS_SUMS_H

#include "tensor/kernels/lanes.h"

enum { SL_PARTS = 16 };

struct sl_sums {
    sl_wide at[SL_PARTS / SL_WIDE];
};

enum { SL_SUM_STEPS = SL_PARTS / SL_WIDE };

/* A block of a row, padded with zeros if the row ends in it. */
struct sl_block {
    float at[SL_PARTS];
};

static inline struct sl_block sl_block_load(const float *row, int64_t left)
{
    struct sl_block block = {{0}};
    memcpy(block.at, row,
           (size_t)(left < SL_PARTS ? left : SL_PARTS) * sizeof *row);
    return block;
}

/* Add the terms of step k of a block of which `left` elements are there. */
static inline void sl_sums_add(struct sl_sums *sums, int k, sl_wide term,
                               int64_t left)
{
    if (left < SL_PARTS) {
        sl_wide_bits there = {0};
        for (int lane = 0; lane < SL_WIDE; lane++)
            there[lane] = -(int64_t)(k * SL_WIDE + lane < left);
        term = (sl_wide)((sl_wide_bits)term & there);
    }
    sums->at[k] += term;
}

static inline double sl_sums_total(const struct sl_sums *sums)
{
    double part[SL_PARTS];
    memcpy(part, sums->at, sizeof part);
    for (int half = SL_PARTS / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++)
            part[i] += part[i + half];
    return part[0];
}

#endif

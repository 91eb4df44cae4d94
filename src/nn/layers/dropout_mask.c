/* Masks of dropout by counter.  The stage's device. */
#include "nn/layers/dropout_mask.h"

#include "base/rng.h"
#include "tensor/elementwise.h"

enum { DRAWN_AT_ONCE = 32 * SL_DROPOUT_BLOCK }; /* before they are used */

/* The random bits of the mask's elements first..first + n, first being a
 * multiple of SL_DROPOUT_BLOCK; writes whole blocks. */
static void draw(const struct sl_dropout_mask *mask, int64_t first, int64_t n,
                 uint32_t bits[DRAWN_AT_ONCE])
{
    const sluice_layer_call *call = mask->call;
    struct sl_rng_counter counter = {{(uint64_t)call->layer, call->step,
                                      (uint64_t)(call->first_row + mask->row)}};
    for (int64_t i = 0; i < n; i += SL_DROPOUT_BLOCK) {
        counter.at[3] =
            (uint64_t)(mask->first_block + (first + i) / SL_DROPOUT_BLOCK);
        sl_rng_block(call->seed, SL_RNG_DROPOUT, counter, bits + i);
    }
}

/* An element is dropped if its 32 random bits, as a number, are below rate *
 * 2^32. */
void sl_dropout_mask_apply(const struct sl_dropout_mask *mask,
                           const float *from, float *to)
{
    double rate = (double)mask->rate;
    uint32_t threshold = (uint32_t)(rate * 0x1p32); /* rate < 1: it fits */
    float scale = (float)(1 / (1 - rate));
    for (int64_t i = 0; i < mask->n; i += DRAWN_AT_ONCE) {
        uint32_t bits[DRAWN_AT_ONCE];
        int64_t left = mask->n - i;
        int64_t some = left < DRAWN_AT_ONCE ? left : DRAWN_AT_ONCE;
        draw(mask, i, some, bits);
        sl_mask(some, bits, threshold, scale, from + i, to + i);
    }
}

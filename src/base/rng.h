/*
 * Counter-based random numbers (Philox4x64-10, Salmon et al., 2011): a value
 * depends on its key and counter alone, never on who asks or in what order.
 *
 * Threads: any; no state.
 */
#ifndef SL_BASE_RNG_H
#define SL_BASE_RNG_H

#include <stdint.h>

/* Second half of the key: what the numbers are for. */
enum sl_rng_stream {
    SL_RNG_INIT = 1, /* counter: layer, parameter, 0, block */
    SL_RNG_DROPOUT,  /* counter: layer, step, row, block */
    SL_RNG_SHUFFLE,  /* counter: epoch, 0, 0, block */
    SL_RNG_TEST,
    SL_RNG_SEARCH,  /* counter: block */
    SL_RNG_WINDOW,  /* counter: epoch, 0, 0, block */
    SL_RNG_AUGMENT, /* counter: epoch, row of the data set */
};

struct sl_rng_counter {
    uint64_t at[4];
};

/* Eight independent 32-bit numbers for (seed, stream, counter). */
void sl_rng_block(uint64_t seed, enum sl_rng_stream stream,
                  struct sl_rng_counter counter, uint32_t out[8]);

/* A 32-bit number as a float in [0, 1), a multiple of 2^-24. */
static inline float sl_rng_unit(uint32_t bits)
{
    return (float)(bits >> 8) * 0x1p-24f;
}

#endif

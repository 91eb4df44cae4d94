/*
 * Rotary positions (Su et al., 2021) in Llama's convention: element i of the
 * first half of a head and element i of its second half are one pair, which is
 * turned by the angle t * base^(-2 i / head_width) at position t.
 *
 * Threads: any; no state.
 */
#ifndef SL_NN_ATTENTION_ROTARY_H
#define SL_NN_ATTENTION_ROTARY_H

#include <stdbool.h>
#include <stdint.h>

/* The heads that are turned: the first ones of each position's vector. */
struct sl_rotary {
    double base;
    int64_t rows;
    int64_t positions;
    int64_t first;  /* position of the first one, as a rule 0 */
    int64_t stride; /* floats from one position to the next */
    int64_t n_heads;
    int64_t head_width; /* even */
    bool back;          /* turn by the negative angle: the gradient */
};

/* Turn in place.  Shapes: x[rows][positions][stride]. */
void sl_rotary_turn(const struct sl_rotary *rotary, float *x);

#endif

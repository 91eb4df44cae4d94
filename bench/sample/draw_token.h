/* Drawing a token from a model's outputs. */
#ifndef BENCH_SAMPLE_DRAW_TOKEN_H
#define BENCH_SAMPLE_DRAW_TOKEN_H

#include <stdint.h>

struct draw_config {
    double temperature; /* 0: the token with the largest output */
    int64_t top_k;      /* only those so many with the largest; 0: all */
    uint64_t seed;
};

/*
 * Draw a token with probability proportional to exp(y / temperature), by the
 * random number of (seed, number).  Of equal outputs the first is the largest.
 *
 * Shapes   y[n], n >= 1; order[n] and p[n] are room.
 */
int32_t draw_token(const struct draw_config *config, uint64_t number,
                   const float *y, int32_t n, int32_t *order, double *p);

#endif

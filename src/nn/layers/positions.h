/*
 * Positions of a row: a layer that works along the last dimension takes a row
 * of shape [..., width] as vectors of `width` elements, one for each token of a
 * sequence.  Sums and products of sizes stop at SL_SIZE_LIMIT; a plan that gets
 * there is refused.
 *
 * Threads: any; no state.
 */
#ifndef SL_NN_LAYERS_POSITIONS_H
#define SL_NN_LAYERS_POSITIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sluice/options.h>
#include <sluice/shape.h>

#define SL_SIZE_LIMIT (INT64_MAX / 4)

/* A row as n vectors. */
struct sl_positions {
    int64_t n;
    int64_t width;
};

/* How a row of that shape is taken: each of its positions for itself, or all
 * elements as one vector. */
struct sl_positions sl_positions_of(const sluice_shape *row, bool per_position);

/* The same of `rows` rows: n is that of all. */
struct sl_positions sl_positions_of_rows(const sluice_shape *row,
                                         bool per_position, int64_t rows);

/* The option of a `config` with the field `per_position`. */
#define SL_OPTION_PER_POSITION(config)                                         \
    {                                                                          \
        .name = "per-position",                                                \
        .help = "each vector along the last dimension for itself",             \
        .type = SLUICE_OPTION_FLAG, .offset = offsetof(config, per_position),  \
        .bytes = sizeof(bool)                                                  \
    }

/* a + b and a * b, of numbers that are not negative, at most SL_SIZE_LIMIT. */
int64_t sl_size_plus(int64_t a, int64_t b);
int64_t sl_size_times(int64_t a, int64_t b);

#endif

/*
 * Shapes.  Arrays are in C order; the batch is always the first axis and is not
 * part of a shape: x[rows][dims[0]]...[dims[n-1]].  Elements are 32-bit floats,
 * except those of a model's input, which may be 32-bit integers.
 */
#ifndef SLUICE_SHAPE_H
#define SLUICE_SHAPE_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/element.h>
#include <sluice/export.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { SLUICE_MAX_DIMS = 8 };

typedef struct sluice_shape {
    int n_dims; /* 0: a scalar, one element */
    int64_t dims[SLUICE_MAX_DIMS];
} sluice_shape;

/* The shape {n}: a vector of `n` elements. */
static inline sluice_shape sluice_shape_vector(int64_t n)
{
    sluice_shape shape = {1, {n}};
    return shape;
}

/* The shape {rows, cols}: a matrix. */
static inline sluice_shape sluice_shape_matrix(int64_t rows, int64_t cols)
{
    sluice_shape shape = {2, {rows, cols}};
    return shape;
}

/*
 * Number of elements.
 *
 * Returns  the product of the dims, or -1 if a dim is not positive, there are
 *          more than SLUICE_MAX_DIMS of them, or the product times the size of
 *          a float does not fit in an int64_t.
 */
SLUICE_API int64_t sluice_shape_elements(const sluice_shape *shape);

/* Whether two shapes have the same number of dims and the same dims. */
SLUICE_API bool sluice_shape_equal(const sluice_shape *a,
                                   const sluice_shape *b);

#ifdef __cplusplus
}
#endif

#endif

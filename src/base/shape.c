/* Shapes.  Any thread. */
#include <sluice/shape.h>

int64_t sluice_shape_elements(const sluice_shape *shape)
{
    if (shape->n_dims < 0 || shape->n_dims > SLUICE_MAX_DIMS)
        return -1;
    int64_t n = 1;
    for (int i = 0; i < shape->n_dims; i++)
        if (shape->dims[i] <= 0 ||
            __builtin_mul_overflow(n, shape->dims[i], &n))
            return -1;
    int64_t bytes;
    if (__builtin_mul_overflow(n, (int64_t)sizeof(float), &bytes))
        return -1;
    return n;
}

bool sluice_shape_equal(const sluice_shape *a, const sluice_shape *b)
{
    if (a->n_dims != b->n_dims)
        return false;
    for (int i = 0; i < a->n_dims; i++)
        if (a->dims[i] != b->dims[i])
            return false;
    return true;
}

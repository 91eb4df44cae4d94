/* Arrays of numbers.  The thread that owns the array. */
#include "data/formats/array.h"

#include "base/memory.h"

#include <string.h>

sluice_status sluice_array_init(sluice_array *array, sluice_element type,
                                const sluice_shape *shape,
                                const sluice_allocator *allocator,
                                sluice_diag *why)
{
    int64_t n = sluice_shape_elements(shape);
    if (type == SLUICE_UNTYPED || (unsigned)type > SLUICE_I32)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "%d is not an element type of an array", type);
    if (n < 0)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "an array has at most %d dims, all of them "
                               "positive, and fits in memory",
                               SLUICE_MAX_DIMS);
    size_t bytes = (size_t)n * sluice_element_bytes(type);
    void *data = sl_alloc(allocator, bytes, 1);
    if (!data)
        return sl_no_memory(why, "an array");
    *array = (sluice_array){
        .shape = *shape,
        .type = type,
        .data = data,
        .bytes = bytes,
        .allocator = allocator,
    };
    return SLUICE_OK;
}

void sluice_array_fini(sluice_array *array)
{
    sl_free(array->allocator, array->data, array->bytes, 1);
    *array = (sluice_array){0};
}

bool sl_array_valid(const sluice_array *array)
{
    int64_t n = sluice_shape_elements(&array->shape);
    return n > 0 && array->shape.n_dims > 0 && array->data &&
           array->type != SLUICE_UNTYPED &&
           (unsigned)array->type <= SLUICE_I32 &&
           array->bytes == (size_t)n * sluice_element_bytes(array->type);
}

sluice_status sl_array_read(struct sl_source *source,
                            const struct sl_encoding *encoding,
                            const sluice_shape *shape,
                            const sluice_allocator *allocator,
                            sluice_array *out, sluice_diag *why)
{
    size_t bytes;
    int64_t n = sluice_shape_elements(shape);
    if (n < 0 || !sl_mul((size_t)n, encoding->bytes, &bytes))
        return sl_source_bad(source, 0, why,
                             "the shape is empty or beyond any memory");
    sluice_status st = sl_source_expect(source, bytes, "the data", why);
    if (st)
        return st;
    sluice_array array;
    st = sluice_array_init(&array, encoding->element, shape, allocator, why);
    if (st)
        return st;
    st = sl_read_encoded(source, encoding, array.data, (size_t)n, why);
    if (!st)
        st = sl_source_end(source, "the data", why);
    if (st)
        sluice_array_fini(&array);
    else
        *out = array;
    return st;
}

sluice_status sl_array_copy_rows(const sluice_array *array, int64_t first,
                                 int64_t n, sluice_array *out, sluice_diag *why)
{
    size_t row = array->bytes / (size_t)array->shape.dims[0];
    sluice_shape shape = array->shape;
    shape.dims[0] = n;
    sluice_status st =
        sluice_array_init(out, array->type, &shape, array->allocator, why);
    if (!st)
        memcpy(out->data, (const char *)array->data + (size_t)first * row,
               (size_t)n * row);
    return st;
}

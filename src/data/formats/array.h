/*
 * Arrays of numbers, and reading one from a source.
 *
 * Threads: the owner of the array.
 */
#ifndef SL_DATA_FORMATS_ARRAY_H
#define SL_DATA_FORMATS_ARRAY_H

#include <stdbool.h>

#include <sluice/dataset.h>

#include "data/formats/encoding.h"
#include "data/formats/byte_source.h"

/* Whether an array keeps its promises: shape, bytes, something to point at. */
bool sl_array_valid(const sluice_array *array);

/*
 * Read an array whose data is the rest of the source.
 *
 * Returns  SLUICE_OK; SLUICE_FORMAT if the data is not as large as the shape
 *          says, or a number does not fit; SLUICE_IO; SLUICE_NO_MEMORY.
 */
sluice_status sl_array_read(struct sl_source *source,
                            const struct sl_encoding *encoding,
                            const sluice_shape *shape,
                            const sluice_allocator *allocator,
                            sluice_array *out, sluice_diag *why);

/*
 * Copy rows [first, first + n) into an array of their own.
 *
 * Returns  SLUICE_OK; SLUICE_NO_MEMORY.
 */
sluice_status sl_array_copy_rows(const sluice_array *array, int64_t first,
                                 int64_t n, sluice_array *out,
                                 sluice_diag *why);

#endif

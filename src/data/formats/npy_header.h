/*
 * The header of a .npy file: a Python dictionary of exactly the entries
 * 'descr', 'fortran_order' and 'shape', in any order.
 *
 * Threads: any.
 */
#ifndef SL_DATA_FORMATS_NPY_HEADER_H
#define SL_DATA_FORMATS_NPY_HEADER_H

#include <sluice/shape.h>

#include "data/formats/encoding.h"
#include "data/formats/byte_source.h"

struct sl_npy_header {
    const struct sl_encoding *encoding;
    sluice_shape shape;
};

/*
 * Parse text[n], which stands at byte `start` of the source.
 *
 * Returns  SLUICE_OK; SLUICE_FORMAT, also for what is well-formed but not read:
 *          other types, Fortran order.
 */
sluice_status sl_npy_header_parse(const struct sl_source *source,
                                  uint64_t start, const char *text, size_t n,
                                  struct sl_npy_header *out, sluice_diag *why);

#endif

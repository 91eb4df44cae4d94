/*
 * The .npy format of NumPy (numpy.lib.format): a magic number, a version, the
 * length of the header, the header, which is a Python dictionary of three
 * entries, the data.
 *
 * Threads: one per source.
 */
#ifndef SL_DATA_FORMATS_NPY_H
#define SL_DATA_FORMATS_NPY_H

#include <sluice/dataset.h>

#include "data/formats/byte_source.h"

enum { SL_NPY_HEADER = 65535 }; /* bytes, the most of version 1 */

/* As sluice_npy_read(), from a source. */
sluice_status sl_npy_parse(struct sl_source *source,
                           const sluice_allocator *allocator, sluice_array *out,
                           sluice_diag *why);

#endif

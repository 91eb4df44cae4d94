/*
 * The IDX format of MNIST: two zero bytes, a type, the number of dims, each dim
 * as a big-endian 32-bit number, the data.
 *
 * Threads: one per source.
 */
#ifndef SL_DATA_FORMATS_IDX_H
#define SL_DATA_FORMATS_IDX_H

#include <sluice/dataset.h>

#include "data/formats/byte_source.h"

/* As sluice_idx_read(), from a source. */
sluice_status sl_idx_parse(struct sl_source *source,
                           const sluice_allocator *allocator, sluice_array *out,
                           sluice_diag *why);

#endif

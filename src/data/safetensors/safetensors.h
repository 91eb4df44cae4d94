/*
 * The safetensors format: the length of the header in eight bytes,
 * little-endian, the header, which is JSON, the data of all tensors.
 *
 * Threads: one per file.
 */
#ifndef SL_DATA_SAFETENSORS_SAFETENSORS_H
#define SL_DATA_SAFETENSORS_SAFETENSORS_H

#include <sluice/dataset.h>

#include "data/formats/byte_source.h"

/*
 * As sluice_safetensors_open(), from a source.
 *
 * Takes    `source`, if OK.
 */
sluice_status sl_safetensors_parse(struct sl_source *source, size_t max_header,
                                   const sluice_allocator *allocator,
                                   sluice_safetensors **out, sluice_diag *why);

/* The number of the tensor of that name, and (unless `shape` is NULL) its
 * shape; -1 if there is none. */
int sl_safetensors_find(const sluice_safetensors *file, const char *name,
                        sluice_shape *shape);

/* A value of the metadata, owned by the file; NULL if the key is not there. */
const char *sl_safetensors_metadata(const sluice_safetensors *file,
                                    const char *key);

#endif

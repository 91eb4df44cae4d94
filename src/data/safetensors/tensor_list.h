/*
 * What the header of a safetensors file lists: names, types, shapes, places;
 * and the metadata.  A header that we have written is checked against its
 * checksum.
 *
 * Threads: any; const once parsed.
 */
#ifndef SL_DATA_SAFETENSORS_TENSOR_LIST_H
#define SL_DATA_SAFETENSORS_TENSOR_LIST_H

#include <sluice/dataset.h>

#include "data/formats/byte_source.h"
#include "data/safetensors/metadata.h"
#include "data/safetensors/tensor_entry.h"

struct sl_tensor_list {
    const sluice_allocator *allocator;
    struct sl_tensor_entry *tensors; /* [n], in the order of their data */
    struct sl_tensor_entry **sorted; /* [n], by name */
    char *text;                      /* the header, in which names and the texts
                                        of the metadata have become strings */
    size_t text_bytes;
    size_t n;
    struct sl_metadata metadata;
};

/*
 * Read the header, whose `length` bytes are known to come next in the source
 * and to be followed by `data_bytes` of data.
 *
 * Returns  SLUICE_OK; SLUICE_FORMAT; SLUICE_IO; SLUICE_NO_MEMORY.
 */
sluice_status sl_tensor_list_read(struct sl_source *source, size_t length,
                                  uint64_t data_bytes,
                                  const sluice_allocator *allocator,
                                  struct sl_tensor_list *out, sluice_diag *why);

void sl_tensor_list_fini(struct sl_tensor_list *list);

/* The tensor of that name; NULL if there is none. */
const struct sl_tensor_entry *
sl_tensor_list_find(const struct sl_tensor_list *list, const char *name);

#endif

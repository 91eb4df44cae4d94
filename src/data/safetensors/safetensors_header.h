/*
 * The header of a safetensors file that is to be written, as JSON.
 *
 * Threads: any; no state.
 */
#ifndef SL_DATA_SAFETENSORS_SAFETENSORS_HEADER_H
#define SL_DATA_SAFETENSORS_SAFETENSORS_HEADER_H

#include <stddef.h>
#include <stdint.h>

#include <sluice/element.h>
#include <sluice/memory.h>
#include <sluice/shape.h>
#include <sluice/status.h>

#include "data/safetensors/metadata.h"

struct sl_saved_tensor {
    const char *name;
    sluice_element type;
    sluice_shape shape;
    const void *elements; /* NULL: they lie elsewhere */
    uint32_t checksum;    /* of these, sl_checksum_elements() */
    size_t number;        /* which it is, as the caller counts */
};

/* All of a file. */
struct sl_saved_file {
    struct sl_saved_tensor *tensors; /* [n_tensors], which is sorted */
    size_t n_tensors;
    struct sl_metadata_pair *metadata; /* [n_metadata], which is sorted */
    size_t n_metadata;
};

/*
 * Sort a file's tensors and pairs, and check that they can be written.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID.
 */
sluice_status sl_header_check(struct sl_saved_file *file, sluice_diag *why);

/*
 * The bytes of the header's text, without reading the elements.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID if it is too long to be read again.
 */
sluice_status sl_header_measure(const struct sl_saved_file *file, size_t *n,
                                sluice_diag *why);

/*
 * Make the header of a file that was checked: its length in eight bytes, then
 * the text.  `*bytes` is that of both.
 *
 * Takes    nothing: the caller frees *out, of *bytes + 1 bytes.
 * Returns  SLUICE_OK; SLUICE_INVALID if it is too long; SLUICE_NO_MEMORY.
 */
sluice_status sl_header_make(const struct sl_saved_file *file,
                             const sluice_allocator *allocator, char **out,
                             size_t *bytes, sluice_diag *why);

#endif

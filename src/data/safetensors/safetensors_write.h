/*
 * Writing the safetensors format.
 *
 * The same tensors and metadata always make the same bytes: both are written in
 * the order of their names.  The data begin at a multiple of 8 bytes, and lie
 * in the order of the header.  Checksums are added to the metadata.
 *
 * Threads: one per file.
 */
#ifndef SL_DATA_SAFETENSORS_SAFETENSORS_WRITE_H
#define SL_DATA_SAFETENSORS_SAFETENSORS_WRITE_H

#include "base/files/file.h"
#include "data/safetensors/safetensors_header.h"

/*
 * Write a file: all of it, or nothing (base/files/file.h).  Its elements may
 * not change meanwhile.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID if what is to be written could not be read
 *          again: a name that is none or is there twice, an empty shape, a
 *          value that is not UTF-8 or has the character DEL or one of U+0080
 *          to U+009F, too many tensors,
 *          a header of more than SLUICE_SAFETENSORS_HEADER bytes; SLUICE_IO;
 *          SLUICE_NO_MEMORY.
 */
sluice_status sl_safetensors_write(const char *path, struct sl_saved_file *file,
                                   const sluice_allocator *allocator,
                                   sluice_diag *why);

/*
 * Append elements[n] as they are stored: for a caller that has the header by
 * sl_header_make(), and tensors that do not lie in memory together.
 *
 * Returns  as sl_file_write().
 */
sluice_status sl_safetensors_append(struct sl_file *out, sluice_element type,
                                    const void *elements, size_t n,
                                    sluice_diag *why);

#endif

/* Writing the safetensors format.  One thread per file. */
#include "data/safetensors/safetensors_write.h"

#include "base/memory.h"
#include "data/formats/encoding.h"

enum { PIECE = 4096 }; /* elements */

sluice_status sl_safetensors_append(struct sl_file *out, sluice_element type,
                                    const void *elements, size_t n,
                                    sluice_diag *why)
{
    unsigned char stored[PIECE * sizeof(float)];
    size_t bytes = sluice_element_bytes(type);
    const char *at = elements;
    sluice_status st = SLUICE_OK;
    while (n && !st) {
        size_t part = n < PIECE ? n : PIECE;
        sl_encode_le(type, at, part, stored);
        st = sl_file_write(out, (const char *)stored, part * bytes, why);
        at += part * bytes;
        n -= part;
    }
    return st;
}

static sluice_status write_file(const char *path,
                                const struct sl_saved_file *file,
                                const char *header, size_t header_bytes,
                                const sluice_allocator *allocator,
                                sluice_diag *why)
{
    struct sl_file out;
    sluice_status st = sl_file_init(&out, path, allocator, why);
    if (st)
        return st;
    st = sl_file_write(&out, header, header_bytes, why);
    for (size_t i = 0; i < file->n_tensors && !st; i++) {
        const struct sl_saved_tensor *tensor = &file->tensors[i];
        st = sl_safetensors_append(
            &out, tensor->type, tensor->elements,
            (size_t)sluice_shape_elements(&tensor->shape), why);
    }
    if (!st)
        st = sl_file_commit(&out, why);
    sl_file_fini(&out);
    return st;
}

sluice_status sl_safetensors_write(const char *path, struct sl_saved_file *file,
                                   const sluice_allocator *allocator,
                                   sluice_diag *why)
{
    char *header;
    size_t bytes;
    sluice_status st = sl_header_check(file, why);
    if (!st)
        st = sl_header_make(file, allocator, &header, &bytes, why);
    if (st)
        return st;
    st = write_file(path, file, header, bytes, allocator, why);
    sl_free(allocator, header, bytes + 1, 1);
    return st;
}

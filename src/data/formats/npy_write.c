/* Writing the .npy format of NumPy.  Any thread. */
#include <sluice/dataset.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/files/file.h"
#include "base/memory.h"
#include "data/formats/encoding.h"

enum {
    HEADER = 256, /* bytes, a multiple of 64: any shape has room */
    PREAMBLE = 10,
    CHUNK = 4096, /* elements written at a time */
};

static const char *descr(sluice_element type)
{
    return type == SLUICE_U8 ? "|u1" : type == SLUICE_I32 ? "<i4" : "<f4";
}

/* Version 1.0: the dictionary, blanks, and a newline at the end. */
static void make_header(sluice_element type, const sluice_shape *shape,
                        char header[HEADER])
{
    static const char preamble[PREAMBLE] = {
        '\x93', 'N', 'U', 'M', 'P', 'Y', 1, 0, (char)(HEADER - PREAMBLE), 0};
    char text[HEADER];
    int n = snprintf(text, sizeof text,
                     "{'descr': '%s', 'fortran_order': False, 'shape': (",
                     descr(type));
    for (int i = 0; i < shape->n_dims; i++)
        n += snprintf(text + n, sizeof text - (size_t)n, "%" PRId64 ",",
                      shape->dims[i]);
    n += snprintf(text + n, sizeof text - (size_t)n, "), }");
    memset(header, ' ', HEADER);
    memcpy(header, preamble, PREAMBLE);
    memcpy(header + PREAMBLE, text, (size_t)n);
    header[HEADER - 1] = '\n';
}

static sluice_status write_elements(struct sl_file *file, sluice_element type,
                                    const char *data, int64_t n,
                                    sluice_diag *why)
{
    unsigned char bytes[4 * CHUNK];
    size_t size = sluice_element_bytes(type);
    sluice_status st = SLUICE_OK;
    for (int64_t i = 0; i < n && !st; i += CHUNK) {
        size_t some = n - i < CHUNK ? (size_t)(n - i) : CHUNK;
        sl_encode_le(type, data + (size_t)i * size, some, bytes);
        st = sl_file_write(file, (const char *)bytes, some * size, why);
    }
    return st;
}

sluice_status sluice_npy_write(const char *path, sluice_element type,
                               const sluice_shape *shape, const void *data,
                               const sluice_allocator *allocator,
                               sluice_diag *why)
{
    struct sl_file file;
    char header[HEADER];
    int64_t n = sluice_shape_elements(shape);
    if (n < 1 || shape->n_dims < 1 || type == SLUICE_UNTYPED ||
        (unsigned)type > SLUICE_I32)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "%.100s: an array to be written has 1 to %d "
                               "dims, elements, and a type",
                               path, SLUICE_MAX_DIMS);
    sluice_status st = sl_file_init(&file, path, allocator, why);
    if (st)
        return st;
    make_header(type, shape, header);
    st = sl_file_write(&file, header, HEADER, why);
    if (!st)
        st = write_elements(&file, type, data, n, why);
    if (!st)
        st = sl_file_commit(&file, why);
    sl_file_fini(&file);
    return st;
}

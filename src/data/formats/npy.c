/* The .npy format of NumPy.  One thread per source. */
#include "data/formats/npy.h"

#include "base/memory.h"
#include "data/formats/array.h"
#include "data/formats/npy_header.h"

#include <string.h>

static const unsigned char magic[6] = {0x93, 'N', 'U', 'M', 'P', 'Y'};

/* Read all up to the header, and its length: two bytes in version 1, four in
 * 2 and 3, little-endian. */
static sluice_status read_preamble(struct sl_source *source, size_t *length,
                                   sluice_diag *why)
{
    unsigned char head[sizeof magic + 2], count[4] = {0};
    sluice_status st =
        sl_source_read(source, head, sizeof head, "the header", why);
    if (st)
        return st;
    if (memcmp(head, magic, sizeof magic))
        return sl_source_bad(source, 0, why,
                             "not a .npy file: it does not begin with "
                             "\\x93NUMPY");
    int major = head[sizeof magic], minor = head[sizeof magic + 1];
    if (major < 1 || major > 3 || minor)
        return sl_source_bad(source, sizeof magic, why,
                             "version %d.%d of the format: 1.0, 2.0 and 3.0 "
                             "are read",
                             major, minor);
    st = sl_source_read(source, count, major == 1 ? 2 : 4, "the header", why);
    if (st)
        return st;
    *length = count[0] | (size_t)count[1] << 8 | (size_t)count[2] << 16 |
              (size_t)count[3] << 24;
    if (*length > SL_NPY_HEADER)
        return sl_source_bad(source, sizeof head, why,
                             "a header of %zu bytes: at most %d are read",
                             *length, SL_NPY_HEADER);
    return SLUICE_OK;
}

static sluice_status read_header(struct sl_source *source, size_t length,
                                 const sluice_allocator *allocator,
                                 struct sl_npy_header *header, sluice_diag *why)
{
    uint64_t start = sl_source_offset(source);
    sluice_status st = sl_source_expect(source, length, "the header", why);
    if (st)
        return st;
    char *text = sl_alloc(allocator, length, 1);
    if (!text)
        return sl_no_memory(why, "a header");
    st = sl_source_read(source, text, length, "the header", why);
    if (!st)
        st = sl_npy_header_parse(source, start, text, length, header, why);
    sl_free(allocator, text, length, 1);
    return st;
}

sluice_status sl_npy_parse(struct sl_source *source,
                           const sluice_allocator *allocator, sluice_array *out,
                           sluice_diag *why)
{
    size_t length = 0;
    struct sl_npy_header header;
    sluice_status st = read_preamble(source, &length, why);
    if (!st)
        st = read_header(source, length, allocator, &header, why);
    if (st)
        return st;
    return sl_array_read(source, header.encoding, &header.shape, allocator, out,
                         why);
}

sluice_status sluice_npy_read(const char *path,
                              const sluice_allocator *allocator,
                              sluice_array *out, sluice_diag *why)
{
    struct sl_source *source;
    sluice_status st = sl_source_open(path, SL_PLAIN, allocator, &source, why);
    if (st)
        return st;
    st = sl_npy_parse(source, allocator, out, why);
    sl_source_close(source);
    return st;
}

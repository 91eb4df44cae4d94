/* The IDX format of MNIST.  One thread per source. */
#include "data/formats/idx.h"

#include "data/formats/array.h"
#include "data/formats/encoding.h"

static const struct {
    unsigned char code;
    struct sl_encoding encoding;
} types[] = {
    {0x08, {"unsigned byte", 1, SLUICE_U8, sl_decode_u8}},
    {0x0c, {"int", 4, SLUICE_I32, sl_decode_i32_be}},
    {0x0d, {"float", 4, SLUICE_F32, sl_decode_f32_be}},
};

static const struct sl_encoding *find_type(unsigned char code)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (types[i].code == code)
            return &types[i].encoding;
    return NULL;
}

static sluice_status read_dims(struct sl_source *source, sluice_shape *shape,
                               sluice_diag *why)
{
    for (int i = 0; i < shape->n_dims; i++) {
        unsigned char dim[4];
        sluice_status st =
            sl_source_read(source, dim, sizeof dim, "the header", why);
        if (st)
            return st;
        for (size_t k = 0; k < sizeof dim; k++)
            shape->dims[i] = shape->dims[i] << 8 | dim[k];
    }
    return SLUICE_OK;
}

sluice_status sl_idx_parse(struct sl_source *source,
                           const sluice_allocator *allocator, sluice_array *out,
                           sluice_diag *why)
{
    unsigned char magic[4];
    sluice_status st =
        sl_source_read(source, magic, sizeof magic, "the header", why);
    if (st)
        return st;
    if (magic[0] || magic[1])
        return sl_source_bad(source, 0, why,
                             "not an IDX file: it begins with 0x%02x%02x "
                             "where two zero bytes should be",
                             magic[0], magic[1]);
    const struct sl_encoding *encoding = find_type(magic[2]);
    if (!encoding)
        return sl_source_bad(source, 2, why,
                             "type 0x%02x: only unsigned bytes (0x08), ints "
                             "(0x0c) and floats (0x0d) are read",
                             magic[2]);
    sluice_shape shape = {.n_dims = magic[3]};
    if (shape.n_dims < 1 || shape.n_dims > SLUICE_MAX_DIMS)
        return sl_source_bad(source, 3, why, "%d dims: 1 to %d are read",
                             shape.n_dims, SLUICE_MAX_DIMS);
    st = read_dims(source, &shape, why);
    if (st)
        return st;
    return sl_array_read(source, encoding, &shape, allocator, out, why);
}

sluice_status sluice_idx_read(const char *path,
                              const sluice_allocator *allocator,
                              sluice_array *out, sluice_diag *why)
{
    struct sl_source *source;
    sluice_status st =
        sl_source_open(path, SL_MAYBE_GZIP, allocator, &source, why);
    if (st)
        return st;
    st = sl_idx_parse(source, allocator, out, why);
    sl_source_close(source);
    return st;
}

/* One tensor of a safetensors header.  Any thread. */
#include "data/safetensors/tensor_entry.h"

#include "base/memory.h"

#include <stdbool.h>
#include <string.h>

static const struct sl_encoding encodings[] = {
    {"F32", 4, SLUICE_F32, sl_decode_f32_le},
    {"F64", 8, SLUICE_F32, sl_decode_f64_le},
    {"F16", 2, SLUICE_F32, sl_decode_f16_le},
    {"BF16", 2, SLUICE_F32, sl_decode_bf16_le},
    {"F8_E4M3", 1, SLUICE_F32, NULL},
    {"F8_E5M2", 1, SLUICE_F32, NULL},
    {"BOOL", 1, SLUICE_U8, NULL},
    {"U8", 1, SLUICE_U8, NULL},
    {"I8", 1, SLUICE_I32, NULL},
    {"U16", 2, SLUICE_I32, NULL},
    {"I16", 2, SLUICE_I32, NULL},
    {"U32", 4, SLUICE_I32, NULL},
    {"I32", 4, SLUICE_I32, NULL},
    {"U64", 8, SLUICE_I32, NULL},
    {"I64", 8, SLUICE_I32, NULL},
};

sluice_status sl_tensor_bad(const struct sl_header_text *header,
                            const char *name, const char *what)
{
    return sl_source_bad(header->source, header->start, header->why,
                         "the header: tensor '%.64s': %s", name, what);
}

static sluice_status parse_dtype(const struct sl_header_text *header,
                                 const json_t *value,
                                 struct sl_tensor_entry *out)
{
    const char *name = json_string_value(value);
    for (size_t i = 0; name && i < sizeof encodings / sizeof *encodings; i++)
        if (!strcmp(name, encodings[i].name)) {
            out->encoding = &encodings[i];
            return SLUICE_OK;
        }
    return sl_tensor_bad(header, out->name, "its dtype is not known");
}

static sluice_status parse_shape(const struct sl_header_text *header,
                                 const json_t *value,
                                 struct sl_tensor_entry *out)
{
    if (!json_is_array(value) || json_array_size(value) > SLUICE_MAX_DIMS)
        return sl_tensor_bad(header, out->name,
                             "its shape is not a list of 0 to 8");
    out->shape.n_dims = (int)json_array_size(value);
    for (int i = 0; i < out->shape.n_dims; i++) {
        const json_t *dim = json_array_get(value, (size_t)i);
        if (!json_is_integer(dim))
            return sl_tensor_bad(header, out->name, "a dim is not an integer");
        out->shape.dims[i] = json_integer_value(dim);
    }
    if (sluice_shape_elements(&out->shape) < 0)
        return sl_tensor_bad(
            header, out->name,
            "its shape is empty, negative or beyond any memory");
    return SLUICE_OK;
}

static sluice_status parse_offsets(const struct sl_header_text *header,
                                   const json_t *value,
                                   struct sl_tensor_entry *out)
{
    const json_t *begin = json_array_get(value, 0);
    const json_t *end = json_array_get(value, 1);
    if (json_array_size(value) != 2 || !json_is_integer(begin) ||
        !json_is_integer(end) || json_integer_value(begin) < 0 ||
        json_integer_value(end) < json_integer_value(begin))
        return sl_tensor_bad(
            header, out->name,
            "its data_offsets are not [begin, end], in this order");
    out->begin = (uint64_t)json_integer_value(begin);
    out->end = (uint64_t)json_integer_value(end);
    return SLUICE_OK;
}

static const struct {
    const char *key;
    sluice_status (*parse)(const struct sl_header_text *header,
                           const json_t *value, struct sl_tensor_entry *out);
} fields[] = {
    {"dtype", parse_dtype},
    {"shape", parse_shape},
    {"data_offsets", parse_offsets},
};

enum { N_FIELDS = sizeof fields / sizeof *fields };

sluice_status sl_tensor_parse(const struct sl_header_text *header,
                              const json_t *value, struct sl_tensor_entry *out)
{
    if (json_object_size(value) != N_FIELDS)
        return sl_tensor_bad(
            header, out->name,
            "not an object of dtype, shape and data_offsets alone");
    for (int i = 0; i < N_FIELDS; i++) {
        const json_t *field = json_object_get(value, fields[i].key);
        if (!field)
            return sl_tensor_bad(header, out->name,
                                 "dtype, shape or data_offsets is missing");
        sluice_status st = fields[i].parse(header, field, out);
        if (st)
            return st;
    }
    size_t bytes;
    size_t n = (size_t)sluice_shape_elements(&out->shape);
    if (!sl_mul(n, out->encoding->bytes, &bytes) ||
        bytes != out->end - out->begin)
        return sl_tensor_bad(
            header, out->name,
            "its data_offsets are not as far apart as its shape and "
            "dtype say");
    return SLUICE_OK;
}

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
    {"I64", 8, SLUICE_F32, sl_decode_count_le},
};

sluice_status sl_tensor_bad(const struct sl_header_text *header,
                            const char *name, const char *what)
{
    return sl_source_bad(header->source, header->start, header->why,
                         "the header: tensor '%.64s': %s", name, what);
}

static sluice_status parse_dtype(const struct sl_header_text *header,
                                 struct sl_json *json,
                                 struct sl_tensor_entry *out)
{
    struct sl_json_string name;
    if (sl_json_string(json, &name))
        for (size_t i = 0; i < sizeof encodings / sizeof *encodings; i++)
            if (sl_json_means(&name, encodings[i].name)) {
                out->encoding = &encodings[i];
                return SLUICE_OK;
            }
    return sl_tensor_bad(header, out->name, "its dtype is not known");
}

static sluice_status parse_shape(const struct sl_header_text *header,
                                 struct sl_json *json,
                                 struct sl_tensor_entry *out)
{
    out->shape.n_dims = 0;
    if (sl_json_open(json, '['))
        for (size_t i = 0; sl_json_item(json, ']', i); i++) {
            int64_t dim;
            if (i == SLUICE_MAX_DIMS)
                return sl_tensor_bad(header, out->name,
                                     "its shape is not a list of 0 to 8");
            if (!sl_json_integer(json, &dim))
                return sl_tensor_bad(header, out->name,
                                     "a dim is not an integer");
            out->shape.dims[out->shape.n_dims++] = dim;
        }
    if (json->wrong)
        return sl_tensor_bad(header, out->name,
                             "its shape is not a list of 0 to 8");
    if (sluice_shape_elements(&out->shape) < 0)
        return sl_tensor_bad(
            header, out->name,
            "its shape is empty, negative or beyond any memory");
    return SLUICE_OK;
}

static sluice_status parse_offsets(const struct sl_header_text *header,
                                   struct sl_json *json,
                                   struct sl_tensor_entry *out)
{
    int64_t begin = 0, end = 0;
    bool is_pair = sl_json_open(json, '[') && sl_json_item(json, ']', 0) &&
                   sl_json_integer(json, &begin) &&
                   sl_json_item(json, ']', 1) && sl_json_integer(json, &end) &&
                   !sl_json_item(json, ']', 2) && !json->wrong;
    if (!is_pair || begin < 0 || end < begin)
        return sl_tensor_bad(
            header, out->name,
            "its data_offsets are not [begin, end], in this order");
    out->begin = (uint64_t)begin;
    out->end = (uint64_t)end;
    return SLUICE_OK;
}

static const struct {
    const char *key;
    sluice_status (*parse)(const struct sl_header_text *header,
                           struct sl_json *json, struct sl_tensor_entry *out);
} fields[] = {
    {"dtype", parse_dtype},
    {"shape", parse_shape},
    {"data_offsets", parse_offsets},
};

enum { N_FIELDS = sizeof fields / sizeof *fields };

/* Find the fields of the object that comes next.  Returns how many it has; 0 if
 * it is no object. */
static size_t find_fields(struct sl_json *json, struct sl_json values[N_FIELDS])
{
    struct sl_json_string key;
    size_t n = 0;
    if (!sl_json_accept(json, '{'))
        return 0;
    for (; sl_json_item(json, '}', n) && sl_json_key(json, &key); n++) {
        for (int i = 0; i < N_FIELDS; i++)
            if (sl_json_means(&key, fields[i].key))
                values[i] = *json;
        sl_json_skip(json);
    }
    return n;
}

sluice_status sl_tensor_parse(const struct sl_header_text *header,
                              struct sl_json *json, struct sl_tensor_entry *out)
{
    struct sl_json values[N_FIELDS] = {{.text = NULL}};
    if (find_fields(json, values) != N_FIELDS)
        return sl_tensor_bad(
            header, out->name,
            "not an object of dtype, shape and data_offsets alone");
    for (int i = 0; i < N_FIELDS; i++) {
        if (!values[i].text)
            return sl_tensor_bad(header, out->name,
                                 "dtype, shape or data_offsets is missing");
        sluice_status st = fields[i].parse(header, &values[i], out);
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

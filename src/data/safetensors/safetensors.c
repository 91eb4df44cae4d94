/* The safetensors format.  One thread per file. */
#include "data/safetensors/safetensors.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "data/safetensors/checksum.h"
#include "data/safetensors/tensor_list.h"

struct sluice_safetensors {
    const sluice_allocator *allocator;
    struct sl_source *source;
    uint64_t data; /* where the data begins */
    struct sl_tensor_list list;
};

/* Read the length of the header; it is believed once those bytes are there. */
static sluice_status read_length(struct sl_source *source, size_t max,
                                 size_t *length, sluice_diag *why)
{
    unsigned char bytes[8];
    sluice_status st =
        sl_source_read(source, bytes, sizeof bytes, "the header", why);
    if (st)
        return st;
    uint64_t value = 0;
    for (int i = sizeof bytes; i-- > 0;)
        value = value << 8 | bytes[i];
    if (value > max)
        return sl_source_bad(source, 0, why,
                             "a header of %llu bytes: at most %zu are read",
                             (unsigned long long)value, max);
    *length = (size_t)value;
    return sl_source_expect(source, value, "the header", why);
}

sluice_status sl_safetensors_parse(struct sl_source *source, size_t max_header,
                                   const sluice_allocator *allocator,
                                   sluice_safetensors **out, sluice_diag *why)
{
    size_t length = 0;
    size_t max = max_header ? max_header : SLUICE_SAFETENSORS_HEADER;
    sluice_status st = read_length(source, max, &length, why);
    if (st)
        return st;
    sluice_safetensors *file = sl_alloc(allocator, 1, sizeof *file);
    if (!file)
        return sl_no_memory(why, "a safetensors file");
    file->allocator = allocator;
    file->source = source;
    file->data = sl_source_offset(source) + length;
    st =
        sl_tensor_list_read(source, length, sl_source_size(source) - file->data,
                            allocator, &file->list, why);
    if (st)
        sl_free(allocator, file, 1, sizeof *file);
    else
        *out = file;
    return st;
}

sluice_status sluice_safetensors_open(const char *path, size_t max_header,
                                      const sluice_allocator *allocator,
                                      sluice_safetensors **out,
                                      sluice_diag *why)
{
    struct sl_source *source;
    sluice_status st = sl_source_open(path, SL_PLAIN, allocator, &source, why);
    if (st)
        return st;
    st = sl_safetensors_parse(source, max_header, allocator, out, why);
    if (st)
        sl_source_close(source);
    return st;
}

void sluice_safetensors_close(sluice_safetensors *file)
{
    if (!file)
        return;
    sl_tensor_list_fini(&file->list);
    sl_source_close(file->source);
    sl_free(file->allocator, file, 1, sizeof *file);
}

int sluice_safetensors_count(const sluice_safetensors *file)
{
    return (int)file->list.n;
}

const char *sluice_safetensors_name(const sluice_safetensors *file, int i,
                                    sluice_shape *shape)
{
    if (i < 0 || (size_t)i >= file->list.n)
        return NULL;
    if (shape)
        *shape = file->list.tensors[i].shape;
    return file->list.tensors[i].name;
}

int sl_safetensors_find(const sluice_safetensors *file, const char *name,
                        sluice_shape *shape)
{
    const struct sl_tensor_entry *found =
        sl_tensor_list_find(&file->list, name);
    if (!found)
        return -1;
    if (shape)
        *shape = found->shape;
    return (int)(found - file->list.tensors);
}

const char *sl_safetensors_metadata(const sluice_safetensors *file,
                                    const char *key)
{
    return sl_metadata_find(&file->list.metadata, key);
}

/* A tensor that we have written is F32 and has a checksum. */
static sluice_status check_data(const sluice_safetensors *file,
                                const struct sl_tensor_entry *tensor,
                                const float *values, sluice_diag *why)
{
    char key[sizeof SL_CHECKSUM_KEY + SLUICE_TENSOR_NAME];
    char is[SL_CHECKSUM_TEXT];
    snprintf(key, sizeof key, SL_CHECKSUM_KEY ".%s", tensor->name);
    const char *should = sl_safetensors_metadata(file, key);
    if (!should)
        return SLUICE_OK;
    size_t n = (size_t)sluice_shape_elements(&tensor->shape);
    sl_checksum_text(sl_checksum_elements(0, SLUICE_F32, values, n), is);
    if (!strcmp(is, should))
        return SLUICE_OK;
    return sl_source_bad(file->source, file->data + tensor->begin, why,
                         "tensor '%.64s', %llu bytes, does not agree with its "
                         "checksum: it is damaged",
                         tensor->name,
                         (unsigned long long)(tensor->end - tensor->begin));
}

sluice_status sluice_safetensors_read(sluice_safetensors *file,
                                      const char *name, float *values,
                                      int64_t n, sluice_diag *why)
{
    const struct sl_tensor_entry *tensor =
        sl_tensor_list_find(&file->list, name);
    if (!tensor)
        return sluice_diag_set(why, SLUICE_NOT_FOUND,
                               "the file has no tensor '%.64s'", name);
    uint64_t place = file->data + tensor->begin;
    int64_t elements = sluice_shape_elements(&tensor->shape);
    if (n != elements)
        return sluice_diag_set(
            why, SLUICE_INVALID,
            "tensor '%.64s' has %lld elements, but %lld were asked for", name,
            (long long)elements, (long long)n);
    if (!tensor->encoding->decode)
        return sl_source_bad(file->source, place, why,
                             "tensor '%.64s' is of type %s: only F32, F64, "
                             "F16, BF16 and I64 are read",
                             name, tensor->encoding->name);
    sluice_status st = sl_source_seek(file->source, place, why);
    if (st)
        return st;
    st =
        sl_read_encoded(file->source, tensor->encoding, values, (size_t)n, why);
    return st ? st : check_data(file, tensor, values, why);
}

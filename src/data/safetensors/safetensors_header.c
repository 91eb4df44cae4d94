/* The header of a safetensors file as JSON.  Any thread; no state. */
#include "data/safetensors/safetensors_header.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sluice/dataset.h>

#include "base/memory.h"
#include "base/text/text_out.h"
#include "base/text/utf8.h"
#include "data/safetensors/checksum.h"
#include "data/formats/encoding.h"
#include "data/safetensors/tensor_name.h"

enum { LENGTH = 8, NUMBERS = 64, ESCAPE = 8 };

static const char *const dtypes[] = {
    [SLUICE_U8] = "U8",
    [SLUICE_F32] = "F32",
    [SLUICE_I32] = "I32",
};

static int by_name(const void *a, const void *b)
{
    const struct sl_saved_tensor *s = a, *t = b;
    return strcmp(s->name, t->name);
}

static sluice_status check_tensor(const struct sl_saved_tensor *tensor,
                                  sluice_diag *why)
{
    if (!sl_tensor_name_is_plain(tensor->name))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "a tensor named '%.64s' cannot be written: a "
                               "name is 1 to 255 letters, digits, _ . or -",
                               tensor->name);
    if (sluice_shape_elements(&tensor->shape) < 0)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "tensor '%.64s' cannot be written: its shape "
                               "has no elements, or too many",
                               tensor->name);
    return SLUICE_OK;
}

/* JSON has no such byte in a string, so each is written as an escape. */
static bool is_control(char byte)
{
    return (unsigned char)byte < ' ';
}

static sluice_status check_pair(const struct sl_metadata_pair *pair,
                                sluice_diag *why)
{
    const char *at = pair->value;
    int bytes = 1;
    while (*at && (bytes = is_control(*at) ? 1 : sl_utf8_bytes(at)))
        at += bytes;
    if (sl_tensor_name_is_plain(pair->key) && bytes)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "metadata '%.64s' cannot be written: %s", pair->key,
                           bytes ? "a key is 1 to 255 letters, digits, _ . or -"
                                 : "its value is not UTF-8 that can be shown");
}

sluice_status sl_header_check(struct sl_saved_file *file, sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    if (file->n_tensors > SLUICE_SAFETENSORS_TENSORS)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "%zu tensors cannot be written: at most %d are "
                               "read again",
                               file->n_tensors, SLUICE_SAFETENSORS_TENSORS);
    /* qsort() takes no NULL, not even for an array of nothing. */
    if (file->n_tensors > 0)
        qsort(file->tensors, file->n_tensors, sizeof *file->tensors, by_name);
    if (file->n_metadata > 0)
        qsort(file->metadata, file->n_metadata, sizeof *file->metadata,
              sl_metadata_order);
    for (size_t i = 0; i < file->n_tensors && !st; i++) {
        st = check_tensor(&file->tensors[i], why);
        if (!st && i && !by_name(&file->tensors[i - 1], &file->tensors[i]))
            st = sluice_diag_set(why, SLUICE_INVALID,
                                 "two tensors are named '%.64s'",
                                 file->tensors[i].name);
    }
    for (size_t i = 0; i < file->n_metadata && !st; i++)
        st = check_pair(&file->metadata[i], why);
    return st;
}

static void add_string(struct sl_text_out *out, const char *text)
{
    char piece[ESCAPE];
    sl_text_add(out, "\"");
    for (; *text; text++) {
        if (is_control(*text))
            snprintf(piece, sizeof piece, "\\u%04x", (unsigned)*text);
        else
            snprintf(piece, sizeof piece, "%s%c",
                     *text == '"' || *text == '\\' ? "\\" : "", *text);
        sl_text_add(out, piece);
    }
    sl_text_add(out, "\"");
}

static void add_checksum(struct sl_text_out *out,
                         const struct sl_saved_tensor *tensor)
{
    char digits[SL_CHECKSUM_TEXT] = "00000000";
    size_t n = (size_t)sluice_shape_elements(&tensor->shape);
    if (out->size) /* else the text is measured only */
        sl_checksum_text(
            tensor->elements
                ? sl_checksum_elements(0, tensor->type, tensor->elements, n)
                : tensor->checksum,
            digits);
    sl_text_add(out, ",\"" SL_CHECKSUM_KEY ".");
    sl_text_add(out, tensor->name);
    sl_text_add(out, "\":\"");
    sl_text_add(out, digits);
    sl_text_add(out, "\"");
}

/* Returns where the tensor's data end. */
static uint64_t add_tensor(struct sl_text_out *out, uint64_t begin,
                           const struct sl_saved_tensor *tensor)
{
    char numbers[NUMBERS];
    uint64_t end = begin + (uint64_t)sluice_shape_elements(&tensor->shape) *
                               sluice_element_bytes(tensor->type);
    sl_text_add(out, ",");
    add_string(out, tensor->name);
    sl_text_add(out, ":{\"dtype\":");
    add_string(out, dtypes[tensor->type]);
    sl_text_add(out, ",\"shape\":[");
    for (int i = 0; i < tensor->shape.n_dims; i++) {
        snprintf(numbers, sizeof numbers, "%s%" PRId64, i ? "," : "",
                 tensor->shape.dims[i]);
        sl_text_add(out, numbers);
    }
    snprintf(numbers, sizeof numbers,
             "],\"data_offsets\":[%" PRIu64 ",%" PRIu64 "]}", begin, end);
    sl_text_add(out, numbers);
    return end;
}

/* The text, with zeros in the place of its checksum. */
static void compose(struct sl_text_out *out, const struct sl_saved_file *file)
{
    uint64_t at = 0;
    sl_text_add(out, SL_CHECKSUM_START "00000000\"");
    for (size_t i = 0; i < file->n_tensors; i++)
        add_checksum(out, &file->tensors[i]);
    for (size_t i = 0; i < file->n_metadata; i++) {
        sl_text_add(out, ",");
        add_string(out, file->metadata[i].key);
        sl_text_add(out, ":");
        add_string(out, file->metadata[i].value);
    }
    sl_text_add(out, "}");
    for (size_t i = 0; i < file->n_tensors; i++)
        at = add_tensor(out, at, &file->tensors[i]);
    sl_text_add(out, "}");
    while (out->length % LENGTH)
        sl_text_add(out, " ");
}

sluice_status sl_header_measure(const struct sl_saved_file *file, size_t *n,
                                sluice_diag *why)
{
    struct sl_text_out text = {.size = 0};
    compose(&text, file);
    *n = text.length;
    if (*n <= SLUICE_SAFETENSORS_HEADER)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "the header of %zu tensors would have %zu bytes: at "
                           "most %d are read again; use fewer, larger layers",
                           file->n_tensors, *n, SLUICE_SAFETENSORS_HEADER);
}

sluice_status sl_header_make(const struct sl_saved_file *file,
                             const sluice_allocator *allocator, char **out,
                             size_t *bytes, sluice_diag *why)
{
    size_t n;
    sluice_status st = sl_header_measure(file, &n, why);
    if (st)
        return st;
    char *made = sl_alloc(allocator, LENGTH + n + 1, 1);
    if (!made)
        return sl_no_memory(why, "the header of a safetensors file");
    struct sl_text_out text = {.text = made + LENGTH, .size = n + 1};
    compose(&text, file);
    for (int i = 0; i < LENGTH; i++)
        made[i] = (char)(n >> 8 * i & 0xff);
    char digits[SL_CHECKSUM_TEXT];
    sl_checksum_text(sl_checksum_header(text.text, n), digits);
    memcpy(text.text + sizeof SL_CHECKSUM_START - 1, digits,
           SL_CHECKSUM_DIGITS);
    *out = made;
    *bytes = LENGTH + n;
    return SLUICE_OK;
}

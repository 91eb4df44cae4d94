/*
 * The list of tensors in a safetensors header.  Any thread.
 *
 * The header is gone through twice: first to see that it is JSON and to count,
 * then entry by entry.  Strings are resolved where they stand, so a header
 * takes its own bytes and those of the entries.
 */
#include "data/safetensors/tensor_list.h"

#include "base/memory.h"
#include "base/text/json_reader.h"
#include "data/safetensors/checksum.h"
#include "data/safetensors/tensor_entry.h"
#include "data/safetensors/tensor_name.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char metadata_key[] = "__metadata__";

/* Count the tensors, in text that must be JSON: an object, with nothing before
 * it. */
static sluice_status survey(const struct sl_header_text *header,
                            struct sl_tensor_list *list)
{
    struct sl_json_string key;
    struct sl_json json = sl_json_of(list->text, list->text_bytes);
    size_t n_metadata = 0;
    if (sl_json_open(&json, '{') && list->text[0] != '{') {
        json.at = 0;
        json.wrong = "it does not begin with {";
    }
    for (size_t i = 0; sl_json_item(&json, '}', i); i++) {
        if (!sl_json_key(&json, &key) || !sl_json_skip(&json))
            break;
        bool is_metadata = sl_json_means(&key, metadata_key);
        n_metadata += is_metadata;
        list->n += !is_metadata;
    }
    sl_json_end(&json);
    if (json.wrong)
        return sl_source_bad(header->source, header->start + json.at,
                             header->why, "the header is not a JSON object: %s",
                             json.wrong);
    if (n_metadata > 1)
        return sl_tensor_bad(header, metadata_key, "its name is there twice");
    if (list->n > SLUICE_SAFETENSORS_TENSORS)
        return sl_source_bad(header->source, header->start, header->why,
                             "%zu tensors: at most %d are read", list->n,
                             SLUICE_SAFETENSORS_TENSORS);
    return SLUICE_OK;
}

static sluice_status parse_metadata(const struct sl_header_text *header,
                                    struct sl_json *json,
                                    struct sl_tensor_list *list)
{
    sluice_status st = sl_metadata_read(json, list->text, list->allocator,
                                        &list->metadata, header->why);
    return st == SLUICE_FORMAT
               ? sl_tensor_bad(header, metadata_key,
                               "not an object of strings, each name once")
               : st;
}

static sluice_status parse_entries(const struct sl_header_text *header,
                                   struct sl_tensor_list *list)
{
    struct sl_json_string key;
    struct sl_json json = sl_json_of(list->text, list->text_bytes);
    struct sl_tensor_entry *tensor = list->tensors;
    sluice_status st = SLUICE_OK;
    sl_json_open(&json, '{');
    for (size_t i = 0; !st && sl_json_item(&json, '}', i); i++) {
        sl_json_key(&json, &key);
        const char *name = sl_json_settle(&json, list->text, &key);
        if (!strcmp(name, metadata_key)) {
            st = parse_metadata(header, &json, list);
            continue;
        }
        if (!sl_tensor_name_is_plain(name))
            return sl_tensor_bad(
                header, name, "a name is 1 to 255 letters, digits, _ . or -");
        tensor->name = name;
        st = sl_tensor_parse(header, &json, tensor++);
    }
    return st;
}

static int by_place(const void *a, const void *b)
{
    const struct sl_tensor_entry *s = a, *t = b;
    return (s->begin > t->begin) - (s->begin < t->begin);
}

static int by_name(const void *a, const void *b)
{
    const struct sl_tensor_entry *const *s = a, *const *t = b;
    return strcmp((*s)->name, (*t)->name);
}

/* Order the tensors by their data, and by their names. */
static sluice_status sort(const struct sl_header_text *header,
                          struct sl_tensor_list *list)
{
    qsort(list->tensors, list->n, sizeof *list->tensors, by_place);
    for (size_t i = 0; i < list->n; i++)
        list->sorted[i] = &list->tensors[i];
    qsort(list->sorted, list->n, sizeof *list->sorted, by_name);
    for (size_t i = 1; i < list->n; i++)
        if (!by_name(&list->sorted[i - 1], &list->sorted[i]))
            return sl_tensor_bad(header, list->sorted[i]->name,
                                 "its name is there twice");
    return SLUICE_OK;
}

/* The data of the tensors follow each other; no shape is empty, so equal places
 * overlap. */
static sluice_status check_places(const struct sl_header_text *header,
                                  uint64_t data_bytes,
                                  const struct sl_tensor_list *list)
{
    uint64_t end = 0;
    for (size_t i = 0; i < list->n; i++) {
        if (list->tensors[i].begin != end)
            return sl_tensor_bad(header, list->tensors[i].name,
                                 list->tensors[i].begin < end
                                     ? "its data overlaps that of another"
                                     : "there is a gap before its data");
        end = list->tensors[i].end;
    }
    if (end != data_bytes)
        return sl_source_bad(header->source, header->start, header->why,
                             "the header lists %llu bytes of data, but there "
                             "are %llu",
                             (unsigned long long)end,
                             (unsigned long long)data_bytes);
    return SLUICE_OK;
}

static sluice_status allocate(struct sl_tensor_list *list, sluice_diag *why)
{
    const sluice_allocator *allocator = list->allocator;
    list->tensors = sl_alloc(allocator, list->n, sizeof *list->tensors);
    list->sorted = sl_alloc(allocator, list->n, sizeof *list->sorted);
    if (list->tensors && list->sorted)
        return SLUICE_OK;
    return sl_no_memory(why, "a list of tensors");
}

/* Read the text; a header with keys of ours has a checksum, in its place. */
static sluice_status read_text(struct sl_source *source,
                               struct sl_tensor_list *list, bool *has_checksum,
                               sluice_diag *why)
{
    uint64_t start = sl_source_offset(source);
    size_t n = list->text_bytes;
    list->text = sl_alloc(list->allocator, n, 1);
    if (!list->text)
        return sl_no_memory(why, "a header");
    sluice_status st = sl_source_read(source, list->text, n, "the header", why);
    if (st)
        return st;
    *has_checksum = sl_checksum_is_there(list->text, n);
    if (*has_checksum && !sl_checksum_header_is_right(list->text, n))
        return sl_source_bad(source, start, why,
                             "the header does not agree with its checksum: it "
                             "is damaged");
    return SLUICE_OK;
}

sluice_status sl_tensor_list_read(struct sl_source *source, size_t length,
                                  uint64_t data_bytes,
                                  const sluice_allocator *allocator,
                                  struct sl_tensor_list *out, sluice_diag *why)
{
    bool has_checksum = false;
    struct sl_header_text header = {source, sl_source_offset(source), why};
    struct sl_tensor_list list = {.allocator = allocator, .text_bytes = length};
    sluice_status st = read_text(source, &list, &has_checksum, why);
    if (!st)
        st = survey(&header, &list);
    if (!st)
        st = allocate(&list, why);
    if (!st)
        st = parse_entries(&header, &list);
    if (!st && !has_checksum && sl_metadata_has(&list.metadata, SL_OUR_KEYS))
        st = sl_source_bad(source, header.start, why,
                           "the header has lost its checksum: it is damaged");
    if (!st)
        st = sort(&header, &list);
    if (!st)
        st = check_places(&header, data_bytes, &list);
    if (st)
        sl_tensor_list_fini(&list);
    else
        *out = list;
    return st;
}

void sl_tensor_list_fini(struct sl_tensor_list *list)
{
    sl_metadata_fini(&list->metadata);
    sl_free(list->allocator, list->text, list->text_bytes, 1);
    sl_free(list->allocator, list->sorted, list->n, sizeof *list->sorted);
    sl_free(list->allocator, list->tensors, list->n, sizeof *list->tensors);
    *list = (struct sl_tensor_list){0};
}

const struct sl_tensor_entry *
sl_tensor_list_find(const struct sl_tensor_list *list, const char *name)
{
    struct sl_tensor_entry key = {.name = name};
    const struct sl_tensor_entry *wanted = &key;
    struct sl_tensor_entry *const *found =
        bsearch(&wanted, list->sorted, list->n, sizeof *list->sorted, by_name);
    return found ? *found : NULL;
}

/*
 * The list of tensors in a safetensors header.  Any thread.
 *
 * The JSON is jansson's to parse.  It allocates by its own means, since those
 * can be set for the whole process only; what it takes is bounded by the bound
 * on the header.
 */
#include "data/safetensors/tensor_list.h"

#include "base/text/json_depth.h"
#include "base/memory.h"
#include "data/safetensors/checksum.h"
#include "data/safetensors/tensor_entry.h"
#include "data/safetensors/tensor_name.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Keep the metadata; a header with keys of ours has a checksum, which was
 * found to be right if it is in its place. */
static sluice_status take_metadata(const struct sl_header_text *header,
                                   json_t *root, bool has_checksum,
                                   struct sl_tensor_list *list)
{
    sluice_status st =
        sl_metadata_copy(json_object_get(root, "__metadata__"), list->allocator,
                         &list->metadata, header->why);
    if (st == SLUICE_FORMAT)
        return sl_tensor_bad(header, "__metadata__",
                             "not an object of strings");
    if (st || has_checksum || !sl_metadata_has(&list->metadata, SL_OUR_KEYS))
        return st;
    return sl_source_bad(header->source, header->start, header->why,
                         "the header has lost its checksum: it is damaged");
}

/* Count the tensors and the bytes of their names; check what is neither. */
static sluice_status survey(const struct sl_header_text *header, json_t *root,
                            struct sl_tensor_list *list)
{
    const char *name;
    json_t *value;
    json_object_foreach(root, name, value)
    {
        if (!strcmp(name, "__metadata__"))
            continue;
        if (!sl_tensor_name_is_plain(name))
            return sl_tensor_bad(
                header, name, "a name is 1 to 255 letters, digits, _ . or -");
        list->names_bytes += strlen(name) + 1;
        list->n++;
    }
    if (list->n > SLUICE_SAFETENSORS_TENSORS)
        return sl_source_bad(header->source, header->start, header->why,
                             "%zu tensors: at most %d are read", list->n,
                             SLUICE_SAFETENSORS_TENSORS);
    return SLUICE_OK;
}

static sluice_status parse_tensors(const struct sl_header_text *header,
                                   json_t *root, struct sl_tensor_list *list)
{
    const char *name;
    json_t *value;
    char *names = list->names;
    struct sl_tensor_entry *tensor = list->tensors;
    json_object_foreach(root, name, value)
    {
        if (!strcmp(name, "__metadata__"))
            continue;
        size_t bytes = strlen(name) + 1;
        tensor->name = memcpy(names, name, bytes);
        names += bytes;
        sluice_status st = sl_tensor_parse(header, value, tensor++);
        if (st)
            return st;
    }
    return SLUICE_OK;
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

/* Order the tensors; no shape is empty, so equal places overlap. */
static sluice_status sort(const struct sl_header_text *header,
                          uint64_t data_bytes, struct sl_tensor_list *list)
{
    uint64_t end = 0;
    qsort(list->tensors, list->n, sizeof *list->tensors, by_place);
    for (size_t i = 0; i < list->n; i++) {
        if (list->tensors[i].begin != end)
            return sl_tensor_bad(header, list->tensors[i].name,
                                 list->tensors[i].begin < end
                                     ? "its data overlaps that of another"
                                     : "there is a gap before its data");
        end = list->tensors[i].end;
        list->sorted[i] = &list->tensors[i];
    }
    if (end != data_bytes)
        return sl_source_bad(header->source, header->start, header->why,
                             "the header lists %llu bytes of data, but there "
                             "are %llu",
                             (unsigned long long)end,
                             (unsigned long long)data_bytes);
    qsort(list->sorted, list->n, sizeof *list->sorted, by_name);
    return SLUICE_OK;
}

static sluice_status allocate(struct sl_tensor_list *list, sluice_diag *why)
{
    const sluice_allocator *allocator = list->allocator;
    list->tensors = sl_alloc(allocator, list->n, sizeof *list->tensors);
    list->sorted = sl_alloc(allocator, list->n, sizeof *list->sorted);
    list->names = sl_alloc(allocator, list->names_bytes, 1);
    if (list->tensors && list->sorted && list->names)
        return SLUICE_OK;
    return sl_no_memory(why, "a list of tensors");
}

/* Build the list of a header's JSON; the data are `data_bytes`. */
static sluice_status build(const struct sl_header_text *header, json_t *root,
                           bool has_checksum, uint64_t data_bytes,
                           struct sl_tensor_list *list)
{
    sluice_status st = take_metadata(header, root, has_checksum, list);
    if (!st)
        st = survey(header, root, list);
    if (!st)
        st = allocate(list, header->why);
    if (!st)
        st = parse_tensors(header, root, list);
    if (!st)
        st = sort(header, data_bytes, list);
    if (st)
        sl_tensor_list_fini(list);
    return st;
}

/* Read the text, check its checksum if it has one, and parse it as strict JSON:
 * an object, no key twice. */
static sluice_status read_json(struct sl_source *source, size_t length,
                               const sluice_allocator *allocator,
                               bool *has_checksum, json_t **out,
                               sluice_diag *why)
{
    uint64_t start = sl_source_offset(source);
    char *text = sl_alloc(allocator, length, 1);
    if (!text)
        return sl_no_memory(why, "a header");
    sluice_status st = sl_source_read(source, text, length, "the header", why);
    if (st)
        goto free_text;
    *has_checksum = sl_checksum_is_there(text, length);
    if (*has_checksum && !sl_checksum_header_is_right(text, length)) {
        st = sl_source_bad(source, start, why,
                           "the header does not agree with its checksum: it is "
                           "damaged");
        goto free_text;
    }
    int depth = sl_json_depth(text, length);
    if (depth > SL_JSON_MOST_DEPTH) {
        st = sl_source_bad(source, start, why,
                           "the header has objects and lists %d deep; a list "
                           "of tensors has 3 levels",
                           depth);
        goto free_text;
    }
    json_error_t error = {0};
    json_t *root = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
    if (root && json_is_object(root) && text[0] == '{')
        *out = root;
    else if (!root && json_error_code(&error) == json_error_out_of_memory)
        st = sl_no_memory(why, "the JSON of a header");
    else
        st =
            sl_source_bad(source, start + (uint64_t)(root ? 0 : error.position),
                          why, "the header is not a JSON object: %s",
                          root ? "it does not begin with {" : error.text);
    if (st)
        json_decref(root);
free_text:
    sl_free(allocator, text, length, 1);
    return st;
}

sluice_status sl_tensor_list_read(struct sl_source *source, size_t length,
                                  uint64_t data_bytes,
                                  const sluice_allocator *allocator,
                                  struct sl_tensor_list *out, sluice_diag *why)
{
    json_t *root = NULL;
    bool has_checksum = false;
    struct sl_header_text header = {source, sl_source_offset(source), why};
    struct sl_tensor_list list = {.allocator = allocator};
    sluice_status st =
        read_json(source, length, allocator, &has_checksum, &root, why);
    if (st)
        return st;
    st = build(&header, root, has_checksum, data_bytes, &list);
    json_decref(root);
    if (!st)
        *out = list;
    return st;
}

void sl_tensor_list_fini(struct sl_tensor_list *list)
{
    sl_metadata_fini(&list->metadata);
    sl_free(list->allocator, list->names, list->names_bytes, 1);
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

/* The pairs of a safetensors header.  Any thread. */
#include "data/safetensors/metadata.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

int sl_metadata_order(const void *a, const void *b)
{
    const struct sl_metadata_pair *s = a, *t = b;
    return strcmp(s->key, t->key);
}

/* Count the pairs of an object; whether all are strings. */
static bool measure(struct sl_json json, size_t *n)
{
    struct sl_json_string string;
    *n = 0;
    if (!sl_json_open(&json, '{'))
        return false;
    while (sl_json_item(&json, '}', *n) && sl_json_key(&json, &string) &&
           sl_json_string(&json, &string))
        ++*n;
    return !json.wrong;
}

static bool has_key_twice(const struct sl_metadata *metadata)
{
    for (size_t i = 1; i < metadata->n; i++)
        if (!strcmp(metadata->pairs[i - 1].key, metadata->pairs[i].key))
            return true;
    return false;
}

sluice_status sl_metadata_read(struct sl_json *json, char *text,
                               const sluice_allocator *allocator,
                               struct sl_metadata *out, sluice_diag *why)
{
    struct sl_metadata made = {.allocator = allocator};
    struct sl_json_string key, value;
    if (!measure(*json, &made.n))
        return SLUICE_FORMAT;
    made.pairs = sl_alloc(allocator, made.n, sizeof *made.pairs);
    if (!made.pairs)
        return sl_no_memory(why, "the metadata of a header");
    sl_json_open(json, '{');
    for (size_t i = 0; sl_json_item(json, '}', i); i++) {
        sl_json_key(json, &key);
        sl_json_string(json, &value);
        made.pairs[i].key = sl_json_settle(json, text, &key);
        made.pairs[i].value = sl_json_settle(json, text, &value);
    }
    qsort(made.pairs, made.n, sizeof *made.pairs, sl_metadata_order);
    if (has_key_twice(&made)) {
        sl_metadata_fini(&made);
        return SLUICE_FORMAT;
    }
    *out = made;
    return SLUICE_OK;
}

void sl_metadata_fini(struct sl_metadata *metadata)
{
    sl_free(metadata->allocator, metadata->pairs, metadata->n,
            sizeof *metadata->pairs);
    *metadata = (struct sl_metadata){0};
}

const char *sl_metadata_find(const struct sl_metadata *metadata,
                             const char *key)
{
    struct sl_metadata_pair wanted = {.key = key};
    const struct sl_metadata_pair *found =
        metadata->n ? bsearch(&wanted, metadata->pairs, metadata->n,
                              sizeof wanted, sl_metadata_order)
                    : NULL;
    return found ? found->value : NULL;
}

bool sl_metadata_has(const struct sl_metadata *metadata, const char *start)
{
    size_t n = strlen(start);
    for (size_t i = 0; i < metadata->n; i++)
        if (!strncmp(metadata->pairs[i].key, start, n))
            return true;
    return false;
}

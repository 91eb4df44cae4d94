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

/* Count the pairs and their bytes; whether all are strings. */
static bool measure(json_t *object, struct sl_metadata *out)
{
    const char *key;
    json_t *value;
    if (!json_is_object(object))
        return false;
    json_object_foreach(object, key, value)
    {
        if (!json_is_string(value))
            return false;
        out->texts_bytes += strlen(key) + json_string_length(value) + 2;
        out->n++;
    }
    return true;
}

static char *put(char *at, const char *text, const char **out)
{
    size_t bytes = strlen(text) + 1;
    *out = memcpy(at, text, bytes);
    return at + bytes;
}

sluice_status sl_metadata_copy(json_t *object,
                               const sluice_allocator *allocator,
                               struct sl_metadata *out, sluice_diag *why)
{
    const char *key;
    json_t *value;
    struct sl_metadata made = {.allocator = allocator};
    *out = made;
    if (!object)
        return SLUICE_OK;
    if (!measure(object, &made))
        return SLUICE_FORMAT;
    made.pairs = sl_alloc(allocator, made.n, sizeof *made.pairs);
    made.texts = sl_alloc(allocator, made.texts_bytes, 1);
    if (!made.pairs || !made.texts) {
        sl_metadata_fini(&made);
        return sl_no_memory(why, "the metadata of a header");
    }
    struct sl_metadata_pair *pair = made.pairs;
    char *at = made.texts;
    json_object_foreach(object, key, value)
    {
        at = put(at, key, &pair->key);
        at = put(at, json_string_value(value), &pair->value);
        pair++;
    }
    qsort(made.pairs, made.n, sizeof *made.pairs, sl_metadata_order);
    *out = made;
    return SLUICE_OK;
}

void sl_metadata_fini(struct sl_metadata *metadata)
{
    sl_free(metadata->allocator, metadata->texts, metadata->texts_bytes, 1);
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

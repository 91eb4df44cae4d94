/*
 * What stands beside the tensors in a safetensors header: pairs of strings.
 *
 * Threads: any; const once parsed.
 */
#ifndef SL_DATA_SAFETENSORS_METADATA_H
#define SL_DATA_SAFETENSORS_METADATA_H

#include <stdbool.h>
#include <stddef.h>

#include <sluice/memory.h>
#include <sluice/status.h>

#include "base/text/json_reader.h"

struct sl_metadata_pair {
    const char *key;
    const char *value;
};

struct sl_metadata {
    const sluice_allocator *allocator;
    struct sl_metadata_pair *pairs; /* [n], by key */
    size_t n;
};

/*
 * Read the object that comes next.  Keys and values stay in `text`, which is
 * what `json` reads: they are decoded in place.
 *
 * Returns  SLUICE_OK; SLUICE_FORMAT, without a sentence, if it is no object of
 *          strings or has a key twice; SLUICE_NO_MEMORY.
 */
sluice_status sl_metadata_read(struct sl_json *json, char *text,
                               const sluice_allocator *allocator,
                               struct sl_metadata *out, sluice_diag *why);

/* Also legal on one of zeros. */
void sl_metadata_fini(struct sl_metadata *metadata);

/* The value of a key; NULL if there is none. */
const char *sl_metadata_find(const struct sl_metadata *metadata,
                             const char *key);

/* Whether a key begins like that. */
bool sl_metadata_has(const struct sl_metadata *metadata, const char *start);

/* The order of keys, for qsort(): of struct sl_metadata_pair. */
int sl_metadata_order(const void *a, const void *b);

#endif

/* Stored bytes: file or memory.  One thread at a time. */
#include "data/sets/store.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/text/utf8.h"

static void set_name(struct sl_store *store, const char *name)
{
    size_t n = strlen(name);
    bool fits = n < SL_STORE_NAME;
    const char *dots = fits ? "" : "...";
    const char *end = fits ? name : name + n - (SL_STORE_NAME - 4);
    snprintf(store->name, SL_STORE_NAME, "%s%s", dots, end);
    sl_utf8_clean(store->name);
}

sluice_status sl_store_open(struct sl_store *store, const char *path,
                            sluice_diag *why)
{
    *store = (struct sl_store){.file.fd = -1};
    set_name(store, path);
    sluice_status st = sl_regular_open(&store->file, path, store->name, why);
    if (!st)
        store->size = store->file.size;
    return st;
}

void sl_store_memory(struct sl_store *store, const char *name,
                     const void *bytes, size_t n)
{
    *store =
        (struct sl_store){.file.fd = -1, .memory = n ? bytes : "", .size = n};
    set_name(store, name);
}

void sl_store_close(struct sl_store *store)
{
    sl_regular_close(&store->file);
}

sluice_status sl_store_take(struct sl_store *store, void *to, size_t n,
                            size_t *got, sluice_diag *why)
{
    uint64_t left = store->size - store->taken;
    if (n > left)
        n = (size_t)left;
    *got = n;
    if (store->memory) {
        if (n)
            memcpy(to, (const char *)store->memory + store->taken, n);
        store->taken += n;
        return SLUICE_OK;
    }
    size_t m;
    sluice_status st = sl_regular_read(&store->file, store->name, store->taken,
                                       to, n, &m, why);
    if (st)
        return st;
    store->taken += m;
    if (m == n)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_IO,
                           "%s: byte %llu: the file has become shorter",
                           store->name, (unsigned long long)store->taken);
}

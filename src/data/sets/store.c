/* Stored bytes: file or memory.  One thread at a time. */
#include "data/sets/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void set_name(struct sl_store *store, const char *name)
{
    size_t n = strlen(name);
    bool fits = n < SL_STORE_NAME;
    const char *dots = fits ? "" : "...";
    const char *end = fits ? name : name + n - (SL_STORE_NAME - 4);
    snprintf(store->name, SL_STORE_NAME, "%s%s", dots, end);
    for (char *c = store->name; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = '?';
}

static sluice_status system_error(const struct sl_store *store, int error,
                                  const char *verb, sluice_diag *why)
{
    char text[96];
    return sluice_diag_set(why, SLUICE_IO, "%s: cannot be %s: %s", store->name,
                           verb, strerror_r(error, text, sizeof text));
}

sluice_status sl_store_open(struct sl_store *store, const char *path,
                            sluice_diag *why)
{
    struct stat about;
    *store = (struct sl_store){.fd = -1};
    set_name(store, path);
    store->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (store->fd < 0 || fstat(store->fd, &about))
        return system_error(store, errno, "opened", why);
    if (!S_ISREG(about.st_mode))
        return sluice_diag_set(
            why, SLUICE_IO, "%s: %s, not a file", store->name,
            S_ISDIR(about.st_mode) ? "is a directory" : "is a device or pipe");
    store->size = (uint64_t)about.st_size;
    return SLUICE_OK;
}

void sl_store_memory(struct sl_store *store, const char *name,
                     const void *bytes, size_t n)
{
    *store = (struct sl_store){.fd = -1, .memory = n ? bytes : "", .size = n};
    set_name(store, name);
}

void sl_store_close(struct sl_store *store)
{
    if (store->fd >= 0)
        close(store->fd);
    store->fd = -1;
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
    for (size_t at = 0; at < n;) {
        ssize_t m =
            pread(store->fd, (char *)to + at, n - at, (off_t)store->taken);
        if (m < 0 && errno == EINTR)
            continue;
        if (m < 0)
            return system_error(store, errno, "read", why);
        if (!m)
            return sluice_diag_set(
                why, SLUICE_IO, "%s: byte %llu: the file has become shorter",
                store->name, (unsigned long long)store->taken);
        at += (size_t)m;
        store->taken += (uint64_t)m;
    }
    return SLUICE_OK;
}

/* A disk that loses power. */
#include "disk.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

enum { NAME = 128, MOST = 512, MOST_FDS = 64, MOST_NAMES = 32, BLOCK = 512 };

int __real_open(const char *name, int flags, ...);
ssize_t __real_write(int fd, const void *bytes, size_t n);
int __real_fsync(int fd);
int __real_rename(const char *from, const char *to);
int __real_unlink(const char *name);
int __real_close(int fd);
int __wrap_open(const char *name, int flags, ...);
ssize_t __wrap_write(int fd, const void *bytes, size_t n);
int __wrap_fsync(int fd);
int __wrap_rename(const char *from, const char *to);
int __wrap_unlink(const char *name);
int __wrap_close(int fd);

enum kind { CREATE, WRITE, SYNC, SYNC_DIRECTORY, RENAME, UNLINK, MARK };

struct entry {
    enum kind kind;
    int inode;
    char name[NAME]; /* that is made or removed */
    char old[NAME];  /* that RENAME removes */
    char *bytes;     /* of WRITE */
    size_t n;
};

static struct entry entries[MOST];
static int n_entries, n_inodes;
static char recorded[NAME];    /* the directory; "": nothing is recorded */
static int inode_of[MOST_FDS]; /* of each descriptor, from 1; 0: none; -1: the
                                  directory */

/* The names as the log leaves them, or as a disk has them. */
struct names {
    char name[MOST_NAMES][NAME];
    int inode[MOST_NAMES];
    int n;
};
static struct names live;

static int find(const struct names *names, const char *name)
{
    for (int i = 0; i < names->n; i++)
        if (!strcmp(names->name[i], name))
            return i;
    return -1;
}

static void set(struct names *names, const char *name, int inode)
{
    int i = find(names, name);
    if (i < 0 && names->n == MOST_NAMES)
        abort();
    if (i < 0)
        i = names->n++;
    snprintf(names->name[i], NAME, "%s", name);
    names->inode[i] = inode;
}

static void unset(struct names *names, const char *name)
{
    int i = find(names, name);
    if (i < 0)
        return;
    names->n--;
    memmove(names->name[i], names->name[names->n], NAME);
    names->inode[i] = names->inode[names->n];
}

/* The name within the directory; NULL: it is elsewhere. */
static const char *within(const char *path)
{
    size_t n = strlen(recorded);
    if (!n || strncmp(path, recorded, n) || path[n] != '/')
        return NULL;
    return path + n + 1;
}

static struct entry *add(enum kind kind, int inode)
{
    if (n_entries == MOST)
        abort();
    entries[n_entries] = (struct entry){.kind = kind, .inode = inode};
    return &entries[n_entries++];
}

int __wrap_open(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
    va_end(args);
    int fd = __real_open(path, flags, mode);
    const char *name = within(path);
    if (fd < 0 || fd >= MOST_FDS || !name)
        return fd;
    if (flags & O_DIRECTORY) {
        inode_of[fd] = -1;
    } else if (flags & O_CREAT) {
        inode_of[fd] = ++n_inodes;
        snprintf(add(CREATE, n_inodes)->name, NAME, "%s", name);
        set(&live, name, n_inodes);
    }
    return fd;
}

static int inode(int fd)
{
    return recorded[0] && fd >= 0 && fd < MOST_FDS ? inode_of[fd] : 0;
}

ssize_t __wrap_write(int fd, const void *bytes, size_t n)
{
    ssize_t m = __real_write(fd, bytes, n < 4096 ? n : 4096);
    if (m > 0 && inode(fd) > 0) {
        struct entry *e = add(WRITE, inode(fd));
        e->bytes = malloc((size_t)m);
        memcpy(e->bytes, bytes, (size_t)m);
        e->n = (size_t)m;
    }
    return m;
}

/* The machine that runs the test need not sync. */
int __wrap_fsync(int fd)
{
    if (inode(fd))
        add(inode(fd) > 0 ? SYNC : SYNC_DIRECTORY, inode(fd));
    return 0;
}

int __wrap_rename(const char *from, const char *to)
{
    const char *old = within(from), *name = within(to);
    int result = __real_rename(from, to);
    if (result || !old || !name)
        return result;
    struct entry *e = add(RENAME, live.inode[find(&live, old)]);
    snprintf(e->name, NAME, "%s", name);
    snprintf(e->old, NAME, "%s", old);
    unset(&live, old);
    set(&live, name, e->inode);
    return result;
}

int __wrap_unlink(const char *path)
{
    const char *name = within(path);
    int result = __real_unlink(path);
    if (!result && name) {
        snprintf(add(UNLINK, 0)->name, NAME, "%s", name);
        unset(&live, name);
    }
    return result;
}

int __wrap_close(int fd)
{
    if (fd >= 0 && fd < MOST_FDS)
        inode_of[fd] = 0;
    return __real_close(fd);
}

void sl_disk_record(const char *dir)
{
    sl_disk_fini();
    snprintf(recorded, sizeof recorded, "%s", dir);
}

void sl_disk_stop(void)
{
    recorded[0] = '\0';
}

void sl_disk_mark(void)
{
    add(MARK, 0);
}

int sl_disk_n_entries(void)
{
    return n_entries;
}

void sl_disk_fini(void)
{
    sl_disk_stop();
    while (n_entries > 0)
        free(entries[--n_entries].bytes);
    memset(inode_of, 0, sizeof inode_of);
    live.n = 0;
    n_inodes = 0;
}

/* Xorshift: the same states for the same seed. */
static uint64_t draw(uint64_t *seed, uint64_t below)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return (*seed >> 11) % below;
}

static void change(struct names *names, const struct entry *e)
{
    if (e->kind == RENAME) {
        int i = find(names, e->old);
        if (i >= 0 && names->inode[i] == e->inode)
            unset(names, e->old);
    }
    if (e->kind == UNLINK)
        unset(names, e->name);
    else
        set(names, e->name, e->inode);
}

static bool is_change(const struct entry *e)
{
    return e->kind == CREATE || e->kind == RENAME || e->kind == UNLINK;
}

/* Names that the disk has: all changes that were synced, any of the others. */
static void left_names(int n, uint64_t *seed, enum sl_disk_deafness deafness,
                       struct names *names)
{
    int synced = 0;
    names->n = 0;
    for (int i = 0; i < n; i++)
        if (entries[i].kind == SYNC_DIRECTORY &&
            deafness != SL_DISK_NO_DIRECTORY_SYNC)
            synced = i;
    for (int i = 0; i < n; i++)
        if (is_change(&entries[i]) && (i < synced || draw(seed, 2)))
            change(names, &entries[i]);
}

/* What the disk has of a file: `synced` bytes of it for sure. */
static void left_bytes(int n, int inode, uint64_t *seed,
                       enum sl_disk_deafness deafness, const char *path)
{
    size_t size = 0, synced = 0;
    static char bytes[1 << 20];
    for (int i = 0; i < n; i++) {
        const struct entry *e = &entries[i];
        if (e->inode != inode)
            continue;
        if (e->kind == WRITE) {
            if (size + e->n > sizeof bytes)
                abort();
            memcpy(bytes + size, e->bytes, e->n);
            size += e->n;
        }
        if (e->kind == SYNC && deafness != SL_DISK_NO_FILE_SYNC)
            synced = size;
    }
    if (synced < size && draw(seed, 2))
        size = synced + draw(seed, size - synced + 1);
    for (size_t at = synced; at < size; at += BLOCK)
        if (!draw(seed, 4))
            memset(bytes + at, 0, size - at < BLOCK ? size - at : BLOCK);
    int fd = __real_open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || __real_write(fd, bytes, size) != (ssize_t)size)
        abort();
    __real_close(fd);
}

int sl_disk_lose_power(int n, uint64_t seed, enum sl_disk_deafness deafness,
                       const char *dir)
{
    struct names names;
    int marks = 0;
    seed = seed * 0x9e3779b97f4a7c15 + 1;
    left_names(n, &seed, deafness, &names);
    for (int i = 0; i < names.n; i++) {
        char path[2 * NAME];
        snprintf(path, sizeof path, "%s/%s", dir, names.name[i]);
        left_bytes(n, names.inode[i], &seed, deafness, path);
    }
    for (int i = 0; i < n; i++)
        marks += entries[i].kind == MARK;
    return marks;
}

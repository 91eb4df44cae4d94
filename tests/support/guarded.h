/*
 * An allocator whose blocks end where a page ends that nobody may read or
 * write, so that one element too many is a fault at once; and what lies before
 * a block is looked at when it is released.  Any number of threads.
 */
#ifndef SL_TEST_GUARDED_H
#define SL_TEST_GUARDED_H

#include <check.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <sluice/memory.h>

enum { GUARDED_FILL = 0xA5 };

/* The bytes of the pages that hold a block; 0 for an empty one. */
static inline size_t guarded_pages(size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return (bytes + page - 1) / page * page;
}

/* `bytes`, the last of which is the last that may be used. */
static inline void *guarded_allocate(void *context, size_t bytes, size_t align)
{
    size_t pages = guarded_pages(bytes);
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    (void)context;
    (void)align; /* the library's sizes are multiples of it */
    char *start = mmap(NULL, pages + page, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED)
        return NULL;
    mprotect(start + pages, page, PROT_NONE);
    memset(start, GUARDED_FILL, pages - bytes);
    return start + pages - bytes;
}

static inline void guarded_release(void *context, void *block, size_t bytes)
{
    size_t pages = guarded_pages(bytes);
    unsigned char *start = (unsigned char *)block + bytes - pages;
    int n_wrong = 0;
    (void)context;
    for (size_t i = 0; i < pages - bytes; i++)
        n_wrong += start[i] != GUARDED_FILL;
    ck_assert_int_eq(n_wrong, 0);
    munmap(start, pages + (size_t)sysconf(_SC_PAGESIZE));
}

static const sluice_allocator guarded = {
    .allocate = guarded_allocate,
    .release = guarded_release,
};

#endif

/*
 * Where the library gets its memory.
 *
 * Each create function takes an allocator (NULL: the C library's) and keeps
 * it for all later allocations of the object.  Only the thread that makes a
 * call of the library calls the allocator, and only within that call; devices
 * never do.  An allocator must be safe for threads if several of them make
 * calls with it at a time.  A training step allocates nothing.  oneDNN, if a
 * pipeline uses it, allocates with the C library: see docs/performance.md.
 */
#ifndef SLUICE_MEMORY_H
#define SLUICE_MEMORY_H

#include <stddef.h>

#include <sluice/export.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct sluice_allocator {
    /* `bytes` > 0, `align` a power of two; NULL means out of memory. */
    void *(*allocate)(void *context, size_t bytes, size_t align);
    /* `block` came from allocate() with the same `bytes`; never NULL. */
    void (*release)(void *context, void *block, size_t bytes);
    void *context; /* must outlive every object created with it */
} sluice_allocator;

#ifdef __cplusplus
}
#endif

#endif

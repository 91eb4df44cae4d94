/*
 * Memory: the user's allocator, checked sizes, and the arena that holds all a
 * device owns.
 *
 * Threads: an arena is filled by the thread that creates it; allocators are as
 * thread-safe as their user makes them.
 */
#ifndef SL_BASE_MEMORY_H
#define SL_BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sluice/memory.h>
#include <sluice/status.h>

enum {
    SL_ALIGN = 64, /* of all arena blocks: a cache line, an AVX-512 vector */
};

/* `allocator`, or the C library's if it is NULL. */
const sluice_allocator *sl_allocator(const sluice_allocator *allocator);

/*
 * Allocate n * size bytes, zeroed, aligned to SL_ALIGN.
 *
 * Returns  the block, or NULL if out of memory or the product overflows; for
 *          n * size == 0 a block of one byte's size class, to be freed too.
 */
void *sl_alloc(const sluice_allocator *allocator, size_t n, size_t size);

/* Free a block of sl_alloc() with the same n and size; NULL is allowed. */
void sl_free(const sluice_allocator *allocator, void *block, size_t n,
             size_t size);

/*
 * Make room for `need` elements of `size` bytes in a growing array: at least
 * doubles `*capacity`.
 *
 * Returns  SLUICE_OK, or SLUICE_NO_MEMORY with the array as it was.
 */
sluice_status sl_grow(const sluice_allocator *allocator, void **block,
                      size_t *capacity, size_t need, size_t size);

/* *out = a * b, or false if it does not fit. */
bool sl_mul(size_t a, size_t b, size_t *out);

/* `bytes` rounded up to SL_ALIGN. */
size_t sl_round_up(size_t bytes);

/* The sentence for SLUICE_NO_MEMORY: what was being allocated. */
sluice_status sl_no_memory(sluice_diag *why, const char *what);

/* One block, handed out from the front, freed as a whole. */
struct sl_arena {
    const sluice_allocator *allocator; /* const after init */
    char *base;                        /* const after init */
    size_t size;                       /* const after init */
    size_t used;                       /* [owner: creating thread] */
};

/*
 * Allocate the arena's block.  Its content is undefined: the device that owns
 * it writes first, so that the pages lie near its core.
 *
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY.
 */
sluice_status sl_arena_init(struct sl_arena *arena, size_t size,
                            const sluice_allocator *allocator);

void sl_arena_fini(struct sl_arena *arena);

/*
 * Take the next `bytes`, rounded up to SL_ALIGN.  The plan has sized the arena,
 * so there is always room: asserted.
 */
void *sl_arena_take(struct sl_arena *arena, size_t bytes);

#endif

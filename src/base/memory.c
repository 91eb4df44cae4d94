/* Memory: allocator, checked sizes, arena.  Any thread. */
#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/huge_pages.h"

static void *libc_allocate(void *context, size_t bytes, size_t align)
{
    void *block;
    (void)context;
    if (posix_memalign(&block, sl_huge_pages_align(bytes, align), bytes))
        return NULL;
    sl_huge_pages_ask(block, bytes);
    return block;
}

static void libc_release(void *context, void *block, size_t bytes)
{
    (void)context;
    (void)bytes;
    free(block);
}

static const sluice_allocator libc_allocator = {
    .allocate = libc_allocate,
    .release = libc_release,
};

const sluice_allocator *sl_allocator(const sluice_allocator *allocator)
{
    return allocator ? allocator : &libc_allocator;
}

bool sl_mul(size_t a, size_t b, size_t *out)
{
    return !__builtin_mul_overflow(a, b, out);
}

size_t sl_round_up(size_t bytes)
{
    assert(bytes <= SIZE_MAX - SL_ALIGN);
    return (bytes + SL_ALIGN - 1) / SL_ALIGN * SL_ALIGN;
}

/* The bytes that sl_alloc(n, size) asks for; 0 if that is too many. */
static size_t block_bytes(size_t n, size_t size)
{
    size_t bytes;
    if (!sl_mul(n, size, &bytes) || bytes > SIZE_MAX / 2)
        return 0;
    return sl_round_up(bytes ? bytes : 1);
}

void *sl_alloc(const sluice_allocator *allocator, size_t n, size_t size)
{
    size_t bytes = block_bytes(n, size);
    if (!bytes)
        return NULL;
    allocator = sl_allocator(allocator);
    void *block = allocator->allocate(allocator->context, bytes, SL_ALIGN);
    if (block)
        memset(block, 0, bytes);
    return block;
}

void sl_free(const sluice_allocator *allocator, void *block, size_t n,
             size_t size)
{
    if (!block)
        return;
    allocator = sl_allocator(allocator);
    allocator->release(allocator->context, block, block_bytes(n, size));
}

sluice_status sl_grow(const sluice_allocator *allocator, void **block,
                      size_t *capacity, size_t need, size_t size)
{
    if (need <= *capacity)
        return SLUICE_OK;
    size_t larger = *capacity ? *capacity : 8;
    while (larger < need) {
        if (larger > SIZE_MAX / 2)
            return SLUICE_NO_MEMORY;
        larger *= 2;
    }
    void *moved = sl_alloc(allocator, larger, size);
    if (!moved)
        return SLUICE_NO_MEMORY;
    if (*block)
        memcpy(moved, *block, *capacity * size);
    sl_free(allocator, *block, *capacity, size);
    *block = moved;
    *capacity = larger;
    return SLUICE_OK;
}

sluice_status sl_no_memory(sluice_diag *why, const char *what)
{
    return sluice_diag_set(why, SLUICE_NO_MEMORY,
                           "out of memory while allocating %s", what);
}

sluice_status sl_arena_init(struct sl_arena *arena, size_t size,
                            const sluice_allocator *allocator)
{
    size_t bytes = block_bytes(size, 1);
    if (!bytes)
        return SLUICE_NO_MEMORY;
    allocator = sl_allocator(allocator);
    void *base = allocator->allocate(allocator->context, bytes, SL_ALIGN);
    if (!base)
        return SLUICE_NO_MEMORY;
    *arena = (struct sl_arena){
        .allocator = allocator,
        .base = base,
        .size = size,
    };
    return SLUICE_OK;
}

void sl_arena_fini(struct sl_arena *arena)
{
    sl_free(arena->allocator, arena->base, arena->size, 1);
    *arena = (struct sl_arena){0};
}

void *sl_arena_take(struct sl_arena *arena, size_t bytes)
{
    size_t rounded = sl_round_up(bytes);
    assert(rounded <= arena->size - arena->used);
    void *block = arena->base + arena->used;
    arena->used += rounded;
    return block;
}

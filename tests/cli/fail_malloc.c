/*
 * Preloaded into a program: the allocation number SL_FAIL_AT, counted from the
 * start of main(), fails.  If the program has fewer, its exit status is
 * SL_NONE_FAILED.  Any thread.
 */
#include "fail_malloc.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *block, size_t bytes);
void *__libc_memalign(size_t align, size_t bytes);

static long fail_at; /* const after construction */
static atomic_long n_calls;

__attribute__((constructor)) static void begin(void)
{
    const char *text = getenv("SL_FAIL_AT");
    fail_at = text ? strtol(text, NULL, 10) : 0;
    atomic_store(&n_calls, 0);
}

__attribute__((destructor)) static void end(void)
{
    if (fail_at > 0 && atomic_load(&n_calls) < fail_at)
        _exit(SL_NONE_FAILED);
}

static bool fails(void)
{
    return atomic_fetch_add(&n_calls, 1) + 1 == fail_at;
}

static void *no_memory(void)
{
    errno = ENOMEM;
    return NULL;
}

void *malloc(size_t bytes)
{
    return fails() ? no_memory() : __libc_malloc(bytes);
}

void *calloc(size_t n, size_t size)
{
    return fails() ? no_memory() : __libc_calloc(n, size);
}

void *realloc(void *block, size_t bytes)
{
    return fails() ? no_memory() : __libc_realloc(block, bytes);
}

void *aligned_alloc(size_t align, size_t bytes)
{
    return fails() ? no_memory() : __libc_memalign(align, bytes);
}

int posix_memalign(void **block, size_t align, size_t bytes)
{
    if (fails())
        return ENOMEM;
    *block = __libc_memalign(align, bytes);
    return *block ? 0 : ENOMEM;
}

/* The allocator of the tests.  A block is preceded by a line with its size. */
#include "support/allocator.h"

#include <stdlib.h>
#include <string.h>

enum { HEAD = 64 }; /* keeps every alignment asked for by the library */

static void *allocate(void *context, size_t bytes, size_t align)
{
    struct sl_test_allocator *allocator = context;
    long call = atomic_fetch_add(&allocator->n_calls, 1) + 1;
    if (allocator->fail_at &&
        (call == allocator->fail_at ||
         (allocator->fail_on && call > allocator->fail_at)))
        return NULL;
    if (align > HEAD)
        return NULL;
    size_t whole = (bytes + 2 * HEAD - 1) / HEAD * HEAD;
    char *block = aligned_alloc(HEAD, whole);
    if (!block)
        return NULL;
    memset(block, 0xA5, whole); /* memory is not zero until somebody says so */
    memcpy(block, &bytes, sizeof bytes);
    atomic_fetch_add(&allocator->n_live, 1);
    atomic_fetch_add(&allocator->bytes, bytes);
    atomic_fetch_add(&allocator->n_watched, bytes == allocator->watched);
    return block + HEAD;
}

static void release(void *context, void *block, size_t bytes)
{
    struct sl_test_allocator *allocator = context;
    char *head = (char *)block - HEAD;
    size_t was;
    memcpy(&was, head, sizeof was);
    if (was != bytes)
        atomic_fetch_add(&allocator->n_wrong, 1);
    atomic_fetch_sub(&allocator->n_live, 1);
    atomic_fetch_sub(&allocator->bytes, was);
    atomic_fetch_sub(&allocator->n_watched, was == allocator->watched);
    free(head);
}

void sl_test_allocator_init(struct sl_test_allocator *allocator)
{
    *allocator = (struct sl_test_allocator){
        .hooks = {allocate, release, allocator},
    };
}

void sl_test_allocator_arm(struct sl_test_allocator *allocator, long at,
                           bool on)
{
    atomic_store(&allocator->n_calls, 0);
    allocator->fail_at = at;
    allocator->fail_on = on;
}

void sl_test_allocator_watch(struct sl_test_allocator *allocator, size_t bytes)
{
    allocator->watched = bytes;
    atomic_store(&allocator->n_watched, 0);
}

bool sl_test_allocator_failed(const struct sl_test_allocator *allocator)
{
    return allocator->fail_at &&
           atomic_load(&allocator->n_calls) >= allocator->fail_at;
}

/* An allocator that fails on demand and knows what is still out. */
#ifndef SL_TEST_SCHED_FAILING_H
#define SL_TEST_SCHED_FAILING_H

#include <stdbool.h>
#include <stdlib.h>

#include <sluice/memory.h>

struct failing {
    int fail_at; /* the allocation to fail, from 1; 0: none */
    bool onward; /* and all after it */
    int n_calls;
    int n_live;         /* blocks */
    size_t total_bytes; /* of all blocks ever given out */
};

static inline void *failing_allocate(void *context, size_t bytes, size_t align)
{
    struct failing *failing = context;
    int call = ++failing->n_calls;
    if (failing->fail_at && (call == failing->fail_at ||
                             (failing->onward && call > failing->fail_at)))
        return NULL;
    failing->n_live++;
    failing->total_bytes += bytes;
    return aligned_alloc(align, bytes);
}

static inline void failing_release(void *context, void *block, size_t bytes)
{
    (void)bytes;
    ((struct failing *)context)->n_live--;
    free(block);
}

static inline sluice_allocator failing_allocator(struct failing *failing)
{
    return (sluice_allocator){failing_allocate, failing_release, failing};
}

#endif

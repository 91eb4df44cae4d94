/*
 * An allocator for tests: it counts, checks that blocks come back with the size
 * they went out with, and fails on demand.  Any number of threads.
 */
#ifndef SL_TEST_ALLOCATOR_H
#define SL_TEST_ALLOCATOR_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include <sluice/memory.h>

struct sl_test_allocator {
    sluice_allocator hooks; /* hand out &hooks */
    atomic_long n_calls;    /* of allocate, since init or the last arming */
    atomic_long n_live;     /* blocks */
    atomic_size_t bytes;    /* of the live blocks */
    atomic_long n_wrong;    /* blocks that came back with another size */
    size_t watched;         /* a size: set it, then look at n_watched */
    atomic_long n_watched;  /* live blocks of exactly that size */
    long fail_at;           /* number of the call that fails; 0: none */
    bool fail_on;           /* so do all after it */
};

void sl_test_allocator_init(struct sl_test_allocator *allocator);

/* Count anew, and fail call `at` (0: none) and, if `on`, all after it. */
void sl_test_allocator_arm(struct sl_test_allocator *allocator, long at,
                           bool on);

/* From now on count, in n_watched, blocks of exactly `bytes`. */
void sl_test_allocator_watch(struct sl_test_allocator *allocator, size_t bytes);

/* Whether a call has failed since arming. */
bool sl_test_allocator_failed(const struct sl_test_allocator *allocator);

#endif

/* Whether two pipelines keep the same. */
#ifndef SL_TEST_CHECKPOINT_EQUAL_H
#define SL_TEST_CHECKPOINT_EQUAL_H

#include <stdbool.h>
#include <string.h>

#include <check.h>

#include <sluice/pipeline_state.h>

enum { MOST_FLOATS = 4096 }; /* of a tensor */

/* All parameters and states, bit by bit. */
static inline bool are_equal(const sluice_pipeline *a, const sluice_pipeline *b)
{
    static float left[MOST_FLOATS], right[MOST_FLOATS];
    sluice_state_tensor at = {.state = 0};
    int n = 0, n_equal = 0;
    for (; sluice_pipeline_next_tensor(a, &at); n++) {
        int64_t size = at.parameter.n;
        ck_assert_int_le(size, MOST_FLOATS);
        ck_assert(!sluice_pipeline_get_tensor(a, at.name, left, size, NULL));
        ck_assert(!sluice_pipeline_get_tensor(b, at.name, right, size, NULL));
        n_equal += !memcmp(left, right, (size_t)size * sizeof *left);
    }
    ck_assert_int_gt(n, 0);
    return n_equal == n;
}

#endif

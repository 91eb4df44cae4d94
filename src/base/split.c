/* Whether rows can be spread as wanted.  Any thread. */
#include "base/split.h"

#include <inttypes.h>

/* The number nearest to `n` that divides `rows`. */
static int nearest_divisor(int64_t rows, int n)
{
    for (int distance = 1; distance < n; distance++) {
        if (rows % (n - distance) == 0)
            return n - distance;
        if (n + distance <= rows && rows % (n + distance) == 0)
            return n + distance;
    }
    return 1;
}

enum { LINE = 16 }; /* floats */

struct sl_rows sl_split_columns(int64_t n, int n_shards, int shard)
{
    int64_t unit = n / n_shards >= LINE ? LINE : 1;
    struct sl_rows part = sl_split_rows(n / unit, n_shards, shard);
    part.first *= unit;
    part.n *= unit;
    if (shard + 1 == n_shards)
        part.n = n - part.first;
    return part;
}

sluice_status sl_split_check(int64_t rows, int n_replicas, int n_microbatches,
                             bool uneven, sluice_diag *why)
{
    if (rows < 1 || rows > INT32_MAX)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "a batch of %" PRId64 " rows; give 1 to %d",
                               rows, INT32_MAX);
    if (rows % n_replicas && !uneven)
        return sluice_diag_set(
            why, SLUICE_INVALID,
            "a batch of %" PRId64 " rows cannot be shared equally by %d "
            "replicas; the nearest number that divides it is %d, or allow "
            "uneven shares",
            rows, n_replicas, nearest_divisor(rows, n_replicas));
    int64_t share = rows / n_replicas;
    if (share % n_microbatches && !uneven)
        return sluice_diag_set(
            why, SLUICE_INVALID,
            "a batch of %" PRId64 " rows%s cannot be cut into %d equal "
            "micro-batches; the nearest number that divides it is %d, or "
            "allow uneven ones",
            share, n_replicas > 1 ? " per replica" : "", n_microbatches,
            nearest_divisor(share, n_microbatches));
    return SLUICE_OK;
}

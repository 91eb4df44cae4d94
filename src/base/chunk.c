/* Sharing an array by whole cache lines.  Any thread. */
#include "base/chunk.h"

#include "base/memory.h"

enum { LINE_FLOATS = SL_ALIGN / sizeof(float) };

struct sl_chunk sl_chunk_of(int64_t n, int n_members, int rank)
{
    int64_t lines = n / LINE_FLOATS;
    int64_t first = lines * rank / n_members * LINE_FLOATS;
    int64_t end = lines * (rank + 1) / n_members * LINE_FLOATS;
    if (rank + 1 == n_members)
        end = n;
    return (struct sl_chunk){first, end - first};
}

int64_t sl_chunk_largest(int64_t n, int n_members)
{
    int64_t lines = n / LINE_FLOATS;
    return (lines + n_members - 1) / n_members * LINE_FLOATS;
}

struct sl_chunk sl_chunk_common(struct sl_chunk a, struct sl_chunk b)
{
    int64_t first = a.first > b.first ? a.first : b.first;
    int64_t end_a = a.first + a.n;
    int64_t end_b = b.first + b.n;
    int64_t end = end_a < end_b ? end_a : end_b;
    return (struct sl_chunk){first, end > first ? end - first : 0};
}

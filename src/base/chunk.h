/*
 * How the members of a group share an array of floats: each has a chunk, a run
 * of whole cache lines, and the chunks differ by at most one line.
 *
 * Threads: any; no state.
 */
#ifndef SL_BASE_CHUNK_H
#define SL_BASE_CHUNK_H

#include <stdint.h>

/* A part of an array. */
struct sl_chunk {
    int64_t first;
    int64_t n;
};

/* The chunk of an array of n elements that a rank has: the ranks share it as
 * evenly as whole cache lines allow; the last one has what is left of a line.
 */
struct sl_chunk sl_chunk_of(int64_t n, int n_members, int rank);

/* Elements of the largest chunk of an array of n elements, n a multiple of a
 * line: the lines divided by the members, rounded up. */
int64_t sl_chunk_largest(int64_t n, int n_members);

/* What two chunks of one array have in common; n is 0 if that is nothing. */
struct sl_chunk sl_chunk_common(struct sl_chunk a, struct sl_chunk b);

#endif

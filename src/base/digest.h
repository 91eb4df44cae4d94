/*
 * A checksum of floats, by which two computations of the same are compared.  It
 * costs little more than reading them: for damage by chance, not by intent.
 *
 * Threads: any; no state.
 */
#ifndef SL_BASE_DIGEST_H
#define SL_BASE_DIGEST_H

#include <stdint.h>

/*
 * A number that depends on every bit of x[n] and on the order of its elements.
 * Arrays that differ in one element, whatever bits of it, always have different
 * digests; of others all but a share that chance does not reach.
 */
uint64_t sl_digest(const float *x, int64_t n);

#endif

/* A checksum of floats.  Any thread; no state. */
#include "base/digest.h"

#include <string.h>

enum { LANES = 4, ROUND = LANES * sizeof(uint64_t) / sizeof(float) };

/* Odd, so that multiplying by it loses nothing: a prime of xxHash. */
static const uint64_t prime = UINT64_C(0x9E3779B185EBCA87);

static uint64_t turn(uint64_t bits)
{
    return bits << 31 | bits >> 33;
}

/* Each step maps different states, and different words of two elements, to
 * different states; turning brings the upper bits, in which short floats
 * differ, to where a product spreads them.  The lanes do not wait for each
 * other. */
static void take(uint64_t lanes[LANES], const uint64_t words[LANES])
{
    for (int k = 0; k < LANES; k++)
        lanes[k] = turn(lanes[k] ^ words[k]) * prime;
}

uint64_t sl_digest(const float *x, int64_t n)
{
    uint64_t lanes[LANES] = {1, 2, 3, 4}, words[LANES];
    uint64_t sum = (uint64_t)n;
    int64_t i = 0;
    for (; n - i >= ROUND; i += ROUND) {
        memcpy(words, x + i, sizeof words);
        take(lanes, words);
    }
    memset(words, 0, sizeof words);
    if (n > i)
        memcpy(words, x + i, (size_t)(n - i) * sizeof *x);
    take(lanes, words);
    for (int k = 0; k < LANES; k++)
        sum = turn(sum ^ lanes[k]) * prime;
    return sum ^ sum >> 32;
}

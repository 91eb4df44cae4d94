/*
 * Damage to a file, one after the other: every truncation, bits that are
 * turned, bytes that are appended.
 *
 * Threads: one.
 */
#ifndef SL_TEST_DAMAGE_H
#define SL_TEST_DAMAGE_H

#include <stdbool.h>

/* Whether the damaged file is refused, with a sentence. */
typedef bool sl_test_refused(void *context);

/*
 * Damage the file at `path` in every way, `refused` judging each, and leave it
 * as it was.  All bits are turned if the file has at most `n_bits` of them
 * behind its header, else that many there, at places drawn from a fixed seed;
 * those of the header are always turned.
 *
 * Returns  how many kinds of damage were not refused; `*n` is that of all.
 */
long sl_test_damage(const char *path, long n_bits, sl_test_refused *refused,
                    void *context, long *n);

#endif

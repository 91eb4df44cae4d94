/* Ways to damage text.  No damage breaks a promise; the tests say how much of
 * it may go unnoticed. */
#ifndef SL_TEST_SCHED_HOSTILE_H
#define SL_TEST_SCHED_HOSTILE_H

#include "sched/promises.h"

#include <check.h>
#include <stdint.h>

enum { HOSTILE_TEXT = 512 };

/* Returns how many beginnings of `whole` are read. */
static inline int hostile_truncate(const struct promising *form,
                                   const char *whole)
{
    int n_read = 0;
    for (size_t n = 0; n < strlen(whole); n++) {
        /* A block of its own, so that a sanitizer sees a byte too much. */
        char *copy = malloc(n + !n);
        ck_assert_ptr_nonnull(copy);
        memcpy(copy, whole, n);
        n_read += promise_one(form, copy, n) == SLUICE_OK;
        free(copy);
    }
    return n_read;
}

/* Each byte becomes each other one. */
static inline void hostile_flip(const struct promising *form, const char *whole)
{
    char text[HOSTILE_TEXT];
    size_t n = strlen(whole);
    ck_assert_uint_le(n, sizeof text);
    memcpy(text, whole, n);
    for (size_t at = 0; at < n; at++) {
        for (int byte = 0; byte < 256; byte++) {
            text[at] = (char)byte;
            promise_one(form, text, n);
        }
        text[at] = whole[at];
    }
}

/* Behind `begin`, sixteen words in any order. */
static inline void hostile_mix(const struct promising *form, const char *begin,
                               const char *const *words, int n_words)
{
    uint64_t state = 1; /* Knuth's MMIX generator: any noise will do */
    for (int round = 0; round < 5000; round++) {
        char text[HOSTILE_TEXT];
        strcpy(text, begin);
        for (int i = 0; i < 16; i++) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            strcat(text, words[(state >> 33) % (uint64_t)n_words]);
        }
        promise_one(form, text, strlen(text));
    }
}

#endif

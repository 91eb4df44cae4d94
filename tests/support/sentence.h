/* What a diagnosis says. */
#ifndef SL_TEST_SENTENCE_H
#define SL_TEST_SENTENCE_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Whether `number` stands in the text as a number of its own. */
static inline bool sl_test_names(const char *text, long long number)
{
    char digits[32];
    int n = snprintf(digits, sizeof digits, "%lld", number);
    for (const char *at = text; (at = strstr(at, digits)); at++) {
        bool before = at > text && at[-1] >= '0' && at[-1] <= '9';
        bool after = at[n] >= '0' && at[n] <= '9';
        if (!before && !after)
            return true;
    }
    return false;
}

#endif

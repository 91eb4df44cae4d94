/* The pieces of a text that GPT-2 encodes one by one.  Any thread. */
#include "data/text/pre_token.h"

#include <string.h>

#include "base/text/code_point.h"
#include "data/text/unicode_classes.h"

/* The character at text[n], n >= 1: its bytes, and its class. */
static size_t class_at(const char *text, size_t n, enum sl_class *is)
{
    uint32_t code = 0;
    int bytes = sl_code_point_read(text, n, &code);
    *is = bytes > 0 ? sl_class_of(code) : SL_OTHER;
    return bytes > 0 ? (size_t)bytes : 1;
}

/* The run of characters of one class from `at` on ends there.  `*last` is where
 * its last character begins. */
static size_t end_of_run(const char *text, size_t n, size_t at,
                         enum sl_class of, size_t *last)
{
    while (at < n) {
        enum sl_class is;
        size_t bytes = class_at(text + at, n - at, &is);
        if (is != of)
            break;
        *last = at;
        at += bytes;
    }
    return at;
}

static size_t contraction(const char *text, size_t n)
{
    static const char *const endings[] = {"'s", "'t",  "'re", "'ve",
                                          "'m", "'ll", "'d"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t length = strlen(endings[i]);
        if (length <= n && !memcmp(text, endings[i], length))
            return length;
    }
    return 0;
}

/* White space leaves its last character to what follows, if there is more than
 * one: \s+(?!\S) steps back, and \s+ is for a single one. */
static size_t space(const char *text, size_t n)
{
    size_t last = 0;
    size_t end = end_of_run(text, n, 0, SL_SPACE, &last);
    return end == n || last == 0 ? end : last;
}

/* As if nothing followed text[n]. */
static size_t match(const char *text, size_t n)
{
    enum sl_class is;
    size_t length = contraction(text, n), last;
    if (length > 0)
        return length;
    size_t start = text[0] == ' ' && n > 1;
    class_at(text + start, n - start, &is);
    return is == SL_SPACE ? space(text, n)
                          : end_of_run(text, n, start, is, &last);
}

/* Until the next character is there as a whole, the piece may go on. */
size_t sl_pre_token(const char *text, size_t n, bool is_last)
{
    size_t length = match(text, n);
    if (!is_last && length + SL_CODE_POINT_BYTES > n)
        return 0;
    return length;
}

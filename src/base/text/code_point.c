/* Unicode code points as UTF-8.  Any thread; no state. */
#include "base/text/code_point.h"

#include <stdbool.h>

/* Bytes of the code point that begins like that; 0: none does. */
static int length_of(unsigned char first)
{
    if (first < 0x80)
        return 1;
    if (first >= 0xC2 && first <= 0xDF)
        return 2;
    if ((first & 0xF0) == 0xE0)
        return 3;
    return first >= 0xF0 && first <= 0xF4 ? 4 : 0;
}

/* Overlong forms, surrogates and what is beyond U+10FFFF show in the second
 * byte (Unicode 15, table 3-7). */
static bool is_second(unsigned char first, unsigned char second)
{
    unsigned char least = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    unsigned char most = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    return second >= least && second <= most;
}

int sl_code_point_read(const char *text, size_t n, uint32_t *code)
{
    static const unsigned char masks[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    const unsigned char *s = (const unsigned char *)text;
    int length = length_of(s[0]);
    uint32_t value = s[0] & masks[length];
    for (int i = 1; i < length; i++) {
        if ((size_t)i == n)
            return SL_CODE_POINT_PART;
        if (i == 1 ? !is_second(s[0], s[1]) : (s[i] & 0xC0) != 0x80)
            return 0;
        value = value << 6 | (s[i] & 0x3F);
    }
    *code = value;
    return length;
}

int sl_code_point_write(uint32_t code, char to[SL_CODE_POINT_BYTES])
{
    static const unsigned char firsts[] = {0, 0, 0xC0, 0xE0, 0xF0};
    int length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (int i = length - 1; i > 0; i--) {
        to[i] = (char)(0x80 | (code & 0x3F));
        code >>= 6;
    }
    to[0] = (char)(firsts[length] | code);
    return length;
}

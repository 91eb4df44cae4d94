/* What of a text may be shown.  Any thread. */
#include "base/text/utf8.h"

#include <stdbool.h>

static bool is_tail(unsigned char c)
{
    return (c & 0xC0) == 0x80;
}

int sl_utf8_bytes(const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    if (s[0] < 0x80)
        return s[0] >= 0x20 && s[0] != 0x7F;
    if (s[0] >= 0xC2 && s[0] <= 0xDF && is_tail(s[1]))
        return s[0] == 0xC2 && s[1] < 0xA0 ? 0 : 2;
    if ((s[0] & 0xF0) == 0xE0 && is_tail(s[1]) && is_tail(s[2])) {
        bool overlong = s[0] == 0xE0 && s[1] < 0xA0;
        bool surrogate = s[0] == 0xED && s[1] > 0x9F;
        bool nothing = s[0] == 0xEF && s[1] == 0xBF && s[2] >= 0xBE;
        return overlong || surrogate || nothing ? 0 : 3;
    }
    if (s[0] >= 0xF0 && s[0] <= 0xF4 && is_tail(s[1]) && is_tail(s[2]) &&
        is_tail(s[3])) {
        bool overlong = s[0] == 0xF0 && s[1] < 0x90;
        bool beyond = s[0] == 0xF4 && s[1] > 0x8F;
        return overlong || beyond ? 0 : 4;
    }
    return 0;
}

void sl_utf8_clean(char *text)
{
    while (*text) {
        int n = sl_utf8_bytes(text);
        if (!n)
            *text = '?';
        text += n ? n : 1;
    }
}

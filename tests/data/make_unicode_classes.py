#!/usr/bin/python3
"""Writes src/data/text/unicode_classes.c: letters, numbers and white space.

    /usr/bin/python3 make_unicode_classes.py > ../../src/data/text/unicode_classes.c

Not run by the tests.  Python's tables are those of a version of Unicode that
the file names.
"""
import unicodedata

SPACES = {9, 10, 11, 12, 13, 0x20, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B),
          0x2028, 0x2029, 0x202F, 0x205F, 0x3000}


def kind(code):
    if code in SPACES:
        return 3
    return {"L": 1, "N": 2}.get(unicodedata.category(chr(code))[0], 0)


starts = [code for code in range(0x110000)
          if code == 0 or kind(code) != kind(code - 1)]

print(f"""/*
 * Classes of characters, of Unicode {unicodedata.unidata_version}: written by
 * tests/data/make_unicode_classes.py.  Any thread; const.
 */
#include "data/text/unicode_classes.h"

#include <stddef.h>

/* Where a run of one class begins: 4 * its first code point + the class. */
static const uint32_t runs[] = {{""")
words = [f"{4 * c + kind(c)}," for c in starts]
line = "   "
for word in words:
    if len(line) + 1 + len(word) > 80:
        print(line)
        line = "   "
    line += " " + word
print(line)
print("""};

enum sl_class sl_class_of(uint32_t code)
{
    size_t first = 0, end = sizeof runs / sizeof *runs;
    while (end - first > 1) { /* runs[first] begins at or before it */
        size_t middle = first + (end - first) / 2;
        if (runs[middle] >> 2 <= code)
            first = middle;
        else
            end = middle;
    }
    return (enum sl_class)(runs[first] & 3);
}""")

/*
 * Text from outside: files, command lines, user code.  What is shown of it is
 * UTF-8 without control characters.
 *
 * Threads: any; no shared state.
 */
#ifndef SL_BASE_TEXT_UTF8_H
#define SL_BASE_TEXT_UTF8_H

/*
 * Bytes of the character at `s`, which ends with a 0.
 *
 * Returns  1 to 4; 0 if the bytes are no UTF-8 (Unicode 15, table 3-7), a
 *          control character, or U+FFFE or U+FFFF.
 */
int sl_utf8_bytes(const char *s);

/* Replace each byte that begins no such character by '?'. */
void sl_utf8_clean(char *text);

#endif

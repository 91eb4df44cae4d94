/*
 * Unicode code points as UTF-8 (RFC 3629), without exceptions.
 *
 * Threads: any; no state.
 */
#ifndef SL_BASE_TEXT_CODE_POINT_H
#define SL_BASE_TEXT_CODE_POINT_H

#include <stddef.h>
#include <stdint.h>

enum {
    SL_CODE_POINTS = 0x110000, /* they are below */
    SL_CODE_POINT_BYTES = 4,   /* of one, at most */
    SL_CODE_POINT_PART = -1,   /* the bytes begin one, and end too early */
};

/*
 * The code point at s[n], n >= 1.
 *
 * Returns  its bytes; 0 if there is none; SL_CODE_POINT_PART.
 */
int sl_code_point_read(const char *s, size_t n, uint32_t *code);

/* Write a code point; returns its bytes. */
int sl_code_point_write(uint32_t code, char to[SL_CODE_POINT_BYTES]);

#endif

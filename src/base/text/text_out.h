/* Text that is appended piece by piece to a buffer that may be too small. */
#ifndef SL_BASE_TEXT_TEXT_OUT_H
#define SL_BASE_TEXT_TEXT_OUT_H

#include <stddef.h>

/* The caller's buffer, and how long the text would be so far. */
struct sl_text_out {
    char *text; /* [size] */
    size_t size;
    size_t length;
};

/* Append a string; what does not fit is counted and left out.  The text ends
 * with 0 if `size` is not 0. */
void sl_text_add(struct sl_text_out *out, const char *piece);

#endif

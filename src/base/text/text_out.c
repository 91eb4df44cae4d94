/* Text into a buffer.  Any thread. */
#include "base/text/text_out.h"

#include <string.h>

void sl_text_add(struct sl_text_out *out, const char *piece)
{
    size_t n = strlen(piece);
    if (out->length < out->size) {
        size_t room = out->size - out->length - 1;
        size_t some = n < room ? n : room;
        memcpy(out->text + out->length, piece, some);
        out->text[out->length + some] = '\0';
    }
    out->length += n;
}

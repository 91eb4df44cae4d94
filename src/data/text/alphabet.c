/* A set of code points.  One thread at a time. */
#include "data/text/alphabet.h"

sluice_status sl_alphabet_add_text(struct sl_alphabet *alphabet,
                                   const char *text, size_t n, uint64_t at,
                                   bool is_last, size_t *used, sluice_diag *why)
{
    size_t i = 0;
    while (i < n) {
        uint32_t code = 0;
        int bytes = sl_code_point_read(text + i, n - i, &code);
        if (bytes == SL_CODE_POINT_PART && !is_last)
            break;
        if (bytes <= 0)
            return sluice_diag_set(why, SLUICE_FORMAT,
                                   "byte %llu, 0x%02x, is not UTF-8; choose "
                                   "the tokenizer bytes, or convert the text",
                                   (unsigned long long)(at + i),
                                   (unsigned char)text[i]);
        sl_alphabet_add(alphabet, code);
        i += (size_t)bytes;
    }
    *used = i;
    return SLUICE_OK;
}

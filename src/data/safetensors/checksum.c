/* Checksums of safetensors files.  Any thread; no state. */
#include "data/safetensors/checksum.h"

#include <stdio.h>
#include <string.h>

#include <zlib.h>

#include "data/formats/encoding.h"

enum { START = sizeof SL_CHECKSUM_START - 1, PIECE = 4096 /* elements */ };

uint32_t sl_checksum_bytes(uint32_t so_far, const void *bytes, size_t n)
{
    return (uint32_t)crc32_z(so_far, bytes, n);
}

uint32_t sl_checksum_join(uint32_t first, uint32_t second, size_t n)
{
    return (uint32_t)crc32_combine(first, second, (z_off_t)n);
}

void sl_checksum_text(uint32_t checksum, char text[SL_CHECKSUM_TEXT])
{
    snprintf(text, SL_CHECKSUM_TEXT, "%08x", (unsigned)checksum);
}

uint32_t sl_checksum_elements(uint32_t so_far, sluice_element type,
                              const void *elements, size_t n)
{
    unsigned char stored[PIECE * sizeof(float)];
    size_t bytes = sluice_element_bytes(type);
    const char *at = elements;
    uint32_t sum = so_far;
    while (n) {
        size_t part = n < PIECE ? n : PIECE;
        sl_encode_le(type, at, part, stored);
        sum = sl_checksum_bytes(sum, stored, part * bytes);
        at += part * bytes;
        n -= part;
    }
    return sum;
}

bool sl_checksum_is_there(const char *text, size_t n)
{
    return n > START + SL_CHECKSUM_DIGITS &&
           !memcmp(text, SL_CHECKSUM_START, START);
}

uint32_t sl_checksum_header(const char *text, size_t n)
{
    static const char zeros[] = "00000000";
    unsigned char length[8];
    size_t rest = START + SL_CHECKSUM_DIGITS;
    for (int i = 0; i < 8; i++)
        length[i] = (unsigned char)((uint64_t)n >> 8 * i);
    uint32_t sum = sl_checksum_bytes(0, length, sizeof length);
    sum = sl_checksum_bytes(sum, text, START);
    sum = sl_checksum_bytes(sum, zeros, SL_CHECKSUM_DIGITS);
    sum = sl_checksum_bytes(sum, text + rest, n - rest);
    return sum;
}

bool sl_checksum_header_is_right(const char *text, size_t n)
{
    char right[SL_CHECKSUM_TEXT];
    sl_checksum_text(sl_checksum_header(text, n), right);
    return !memcmp(text + START, right, SL_CHECKSUM_DIGITS);
}

/* Encodings of numbers.  Any thread; no state. */
#include "data/formats/encoding.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { CHUNK_BYTES = 16 * 1024 };

static uint32_t load_be(const unsigned char *from)
{
    return (uint32_t)from[0] << 24 | (uint32_t)from[1] << 16 |
           (uint32_t)from[2] << 8 | from[3];
}

static uint64_t load_le(const unsigned char *from, int bytes)
{
    uint64_t bits = 0;
    for (int i = bytes; i-- > 0;)
        bits = bits << 8 | from[i];
    return bits;
}

static float float_of(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

size_t sl_decode_u8(const unsigned char *from, size_t n, void *to)
{
    memcpy(to, from, n);
    return n;
}

size_t sl_decode_i32_be(const unsigned char *from, size_t n, void *to)
{
    int32_t *values = to;
    for (size_t i = 0; i < n; i++)
        values[i] = (int32_t)load_be(from + 4 * i);
    return n;
}

size_t sl_decode_f32_be(const unsigned char *from, size_t n, void *to)
{
    float *values = to;
    for (size_t i = 0; i < n; i++)
        values[i] = float_of(load_be(from + 4 * i));
    return n;
}

size_t sl_decode_i32_le(const unsigned char *from, size_t n, void *to)
{
    int32_t *values = to;
    for (size_t i = 0; i < n; i++)
        values[i] = (int32_t)load_le(from + 4 * i, 4);
    return n;
}

size_t sl_decode_i64_le(const unsigned char *from, size_t n, void *to)
{
    int32_t *values = to;
    for (size_t i = 0; i < n; i++) {
        int64_t value = (int64_t)load_le(from + 8 * i, 8);
        if (value < INT32_MIN || value > INT32_MAX)
            return i;
        values[i] = (int32_t)value;
    }
    return n;
}

size_t sl_decode_count_le(const unsigned char *from, size_t n, void *to)
{
    const uint64_t most = UINT64_C(1) << 24; /* all up to it are floats */
    float *values = to;
    for (size_t i = 0; i < n; i++) {
        uint64_t value = load_le(from + 8 * i, 8);
        if (value > most)
            return i;
        values[i] = (float)value;
    }
    return n;
}

size_t sl_decode_f32_le(const unsigned char *from, size_t n, void *to)
{
    float *values = to;
    for (size_t i = 0; i < n; i++)
        values[i] = float_of((uint32_t)load_le(from + 4 * i, 4));
    return n;
}

/* The first double that rounds to infinity: half a step of 2^104 above the
 * largest float, a tie, which goes to even. */
static const double too_large = 0x1.ffffffp127;

size_t sl_decode_f64_le(const unsigned char *from, size_t n, void *to)
{
    float *values = to;
    for (size_t i = 0; i < n; i++) {
        uint64_t bits = load_le(from + 8 * i, 8);
        double value;
        memcpy(&value, &bits, sizeof value);
        if (isfinite(value) && fabs(value) >= too_large)
            return i;
        values[i] = (float)value;
    }
    return n;
}

/* IEEE 754 binary16: 1 sign, 5 exponent (bias 15), 10 fraction. */
static float float_of_half(uint32_t half)
{
    uint32_t sign = half >> 15 << 31;
    uint32_t exponent = half >> 10 & 31;
    uint32_t fraction = half & 0x3ff;
    if (exponent == 0) { /* zero or subnormal: fraction * 2^-24 */
        float value = (float)fraction * 0x1p-24f;
        return sign ? -value : value;
    }
    exponent = exponent == 31 ? 255 : exponent + 127 - 15;
    return float_of(sign | exponent << 23 | fraction << 13);
}

size_t sl_decode_f16_le(const unsigned char *from, size_t n, void *to)
{
    float *values = to;
    for (size_t i = 0; i < n; i++)
        values[i] = float_of_half((uint32_t)load_le(from + 2 * i, 2));
    return n;
}

/* bfloat16: the upper half of a float. */
size_t sl_decode_bf16_le(const unsigned char *from, size_t n, void *to)
{
    float *values = to;
    for (size_t i = 0; i < n; i++)
        values[i] = float_of((uint32_t)load_le(from + 2 * i, 2) << 16);
    return n;
}

void sl_encode_le(sluice_element element, const void *elements, size_t n,
                  unsigned char *to)
{
    const char *from = elements;
    if (element == SLUICE_U8) {
        memcpy(to, from, n);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, from + 4 * i, sizeof bits);
        for (int b = 0; b < 4; b++)
            to[4 * i + (size_t)b] = (unsigned char)(bits >> 8 * b);
    }
}

sluice_status sl_read_encoded(struct sl_source *source,
                              const struct sl_encoding *encoding, void *to,
                              size_t n, sluice_diag *why)
{
    unsigned char chunk[CHUNK_BYTES];
    size_t most = sizeof chunk / encoding->bytes;
    char *at = to;
    while (n) {
        uint64_t start = sl_source_offset(source);
        size_t part = n < most ? n : most;
        sluice_status st = sl_source_read(source, chunk, part * encoding->bytes,
                                          "the data", why);
        if (st)
            return st;
        size_t decoded = encoding->decode(chunk, part, at);
        if (decoded < part)
            return sl_source_bad(source, start + decoded * encoding->bytes, why,
                                 "a number is too large for %s",
                                 encoding->element == SLUICE_I32 ? "32 bits"
                                                                 : "a float");
        at += part * sluice_element_bytes(encoding->element);
        n -= part;
    }
    return SLUICE_OK;
}

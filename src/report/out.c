/* Text on its way to a sink. */
#include "report/out.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

void sl_out_init(struct sl_out *out, sluice_sink sink, sluice_diag *why)
{
    out->sink = sink;
    out->why = why;
    out->status = SLUICE_OK;
    out->used = 0;
}

static void flush(struct sl_out *out)
{
    if (!out->status && out->used)
        out->status = out->sink.write(out->sink.context, out->buffer, out->used,
                                      out->why);
    out->used = 0;
}

sluice_status sl_out_finish(struct sl_out *out)
{
    flush(out);
    return out->status;
}

void sl_out_bytes(struct sl_out *out, const char *bytes, size_t n)
{
    while (n) {
        size_t room = SL_OUT_BYTES - out->used;
        size_t piece = n < room ? n : room;
        memcpy(out->buffer + out->used, bytes, piece);
        out->used += piece;
        bytes += piece;
        n -= piece;
        if (out->used == SL_OUT_BYTES)
            flush(out);
    }
}

void sl_out_text(struct sl_out *out, const char *text)
{
    sl_out_bytes(out, text, strlen(text));
}

void sl_out_format(struct sl_out *out, const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    sl_out_text(out, text);
}

void sl_out_decimal(struct sl_out *out, int64_t value, int places)
{
    uint64_t magnitude = value < 0 ? -(uint64_t)value : (uint64_t)value;
    uint64_t unit = 1;
    for (int i = 0; i < places; i++)
        unit *= 10;
    sl_out_format(out, "%s%" PRIu64, value < 0 ? "-" : "", magnitude / unit);
    if (places)
        sl_out_format(out, ".%0*" PRIu64, places, magnitude % unit);
}

static bool is_tail(unsigned char c)
{
    return (c & 0xC0) == 0x80;
}

/*
 * Bytes of the character at `s`, 0 if it is none that XML allows.  Unicode 15,
 * table 3-7; XML forbids control characters, U+FFFE and U+FFFF besides.
 */
static int character_bytes(const unsigned char *s)
{
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

struct escape {
    char from;
    const char *to;
};

static void escape(struct sl_out *out, const char *text,
                   const struct escape *escapes)
{
    while (*text) {
        int n = character_bytes((const unsigned char *)text);
        const struct escape *e = escapes;
        while (e->to && e->from != *text)
            e++;
        if (!n)
            sl_out_text(out, "?");
        else if (e->to)
            sl_out_text(out, e->to);
        else
            sl_out_bytes(out, text, (size_t)n);
        text += n ? n : 1;
    }
}

void sl_out_xml(struct sl_out *out, const char *text)
{
    static const struct escape escapes[] = {
        {'<', "&lt;"}, {'>', "&gt;"}, {'&', "&amp;"}, {'"', "&quot;"}, {0}};
    escape(out, text, escapes);
}

void sl_out_json(struct sl_out *out, const char *text)
{
    static const struct escape escapes[] = {{'"', "\\\""}, {'\\', "\\\\"}, {0}};
    escape(out, text, escapes);
}

/* Text on its way to a sink. */
#include "report/out.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text/utf8.h"

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

struct escape {
    char from;
    const char *to;
};

static void escape(struct sl_out *out, const char *text,
                   const struct escape *escapes)
{
    while (*text) {
        int n = sl_utf8_bytes(text);
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

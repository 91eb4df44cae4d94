/*
 * Text on its way to a sink, in pieces of a few kilobytes.  The first error
 * sticks: what is written after it is dropped, sl_out_finish() returns it.
 *
 * Threads: one at a time.
 */
#ifndef SL_REPORT_OUT_H
#define SL_REPORT_OUT_H

#include <stddef.h>
#include <stdint.h>

#include <sluice/report.h>

enum { SL_OUT_BYTES = 4096 };

struct sl_out {
    sluice_sink sink;     /* const after init */
    sluice_diag *why;     /* const after init */
    sluice_status status; /* the first error */
    size_t used;
    char buffer[SL_OUT_BYTES];
};

void sl_out_init(struct sl_out *out, sluice_sink sink, sluice_diag *why);

/*
 * Write what is left.
 *
 * Returns  SLUICE_OK, or the first error.
 */
sluice_status sl_out_finish(struct sl_out *out);

void sl_out_bytes(struct sl_out *out, const char *bytes, size_t n);

void sl_out_text(struct sl_out *out, const char *text);

/*
 * As printf, up to 255 bytes.  No floating point: its point is the locale's;
 * see sl_out_decimal().
 */
void sl_out_format(struct sl_out *out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* value / 10^places, places digits after the point: (12345, 3) is "12.345". */
void sl_out_decimal(struct sl_out *out, int64_t value, int places);

/*
 * User's text inside XML or a JSON string.  What is no UTF-8, or a control
 * character, becomes '?'.
 */
void sl_out_xml(struct sl_out *out, const char *text);
void sl_out_json(struct sl_out *out, const char *text);

#endif

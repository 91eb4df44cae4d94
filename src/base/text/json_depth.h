/* How deep a JSON text goes, before it is parsed.  Any thread. */
#ifndef SL_BASE_TEXT_JSON_DEPTH_H
#define SL_BASE_TEXT_JSON_DEPTH_H

#include <stddef.h>

/* More than any format here needs, and little of a stack. */
enum { SL_JSON_MOST_DEPTH = 16 };

/*
 * The most objects and lists that lie within each other.
 *
 * A parser that calls itself for each of them needs a stack for as many: with
 * jansson, which stops at 2048, more than 64 KiB.  Where the text is not JSON,
 * this counts at least as far as a parser comes before it stops.
 */
int sl_json_depth(const char *text, size_t bytes);

#endif

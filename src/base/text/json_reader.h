/*
 * JSON (RFC 8259), read piece by piece: the caller asks for what its format has
 * in this place, and there is no tree.  Any bytes may come.  Nothing is
 * allocated, nothing calls itself.
 *
 *     for (size_t i = 0; sl_json_item(json, ']', i); i++)
 *         if (!sl_json_integer(json, &number))
 *             break;
 *     if (json->wrong)
 *         ...
 *
 * A function that finds something else says so in `wrong` and returns false;
 * `at` is then the place of it, and the reader goes no further.
 *
 * Threads: one at a time.
 */
#ifndef SL_BASE_TEXT_JSON_READER_H
#define SL_BASE_TEXT_JSON_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SL_JSON_MOST_DEPTH = 16, /* of lists and objects that are passed over */
    SL_JSON_WORD = 32,       /* bytes of a text that is compared, at most */
};

struct sl_json {
    const char *text; /* [n] */
    size_t n;
    size_t at;         /* of what comes next */
    const char *wrong; /* what is the matter at `at`; NULL: nothing yet */
};

/* A string as it stands between its quotes, which may have escapes.  It was
 * found to be whole: UTF-8, no control characters, no U+0000, surrogates in
 * pairs. */
struct sl_json_string {
    const char *bytes; /* [n] in the reader's text */
    size_t n;
};

/* At the beginning of text[n]. */
struct sl_json sl_json_of(const char *text, size_t n);

/* Take `c`, one of {}[]:, and the blanks before it, if it comes next; nothing
 * is wrong if it does not. */
bool sl_json_accept(struct sl_json *json, char c);

/* Begin an object or a list: `open` is { or [. */
bool sl_json_open(struct sl_json *json, char open);

/*
 * Whether an object or list has an item `i`, whose i items before have been
 * taken.  Takes the comma before it, or `close`, which is } or ].
 */
bool sl_json_item(struct sl_json *json, char close, size_t i);

/* Take a string. */
bool sl_json_string(struct sl_json *json, struct sl_json_string *out);

/* Take a key of an object, with its colon. */
bool sl_json_key(struct sl_json *json, struct sl_json_string *out);

/* Take a number that has neither fraction nor exponent and fits. */
bool sl_json_integer(struct sl_json *json, int64_t *out);

/* Take any value, of at most SL_JSON_MOST_DEPTH levels. */
bool sl_json_skip(struct sl_json *json);

/* Take the blanks at the end of the text: nothing else may follow. */
bool sl_json_end(struct sl_json *json);

/*
 * Write what a string means, as UTF-8, without a 0 at its end.
 *
 * Shapes   to[string->n]; it may be the string's own place.
 * Returns  its bytes, at most string->n.
 */
size_t sl_json_decode(const struct sl_json_string *string, char *to);

/*
 * Decode a string in its own place and end it with a 0, where its quote was.
 * `text` is what `json`, which has taken the string, reads.
 *
 * Returns  what the string means; it lies in `text`.
 */
const char *sl_json_settle(const struct sl_json *json, char *text,
                           const struct sl_json_string *string);

/* Whether a string means `word`, of less than SL_JSON_WORD bytes. */
bool sl_json_means(const struct sl_json_string *string, const char *word);

#endif

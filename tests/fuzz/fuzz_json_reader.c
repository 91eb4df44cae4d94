/*
 * Any text as JSON, passed over as a whole; jansson judges.  Where only one of
 * the two reads it, it is too deep for us, has a number too large for jansson,
 * or a byte of 0, which jansson 2.14 does not see.
 */
#include "text_target.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/text/json_reader.h"

/* What a string means is the same for both. */
static void compare_string(const char *text, size_t n, const json_t *judge)
{
    struct sl_json json = sl_json_of(text, n);
    struct sl_json_string string;
    text_require(sl_json_string(&json, &string));
    char *means = malloc(string.n + 1);
    text_require(means != NULL);
    size_t length = sl_json_decode(&string, means);
    text_require(length <= string.n);
    text_require(length == json_string_length(judge));
    text_require(!memcmp(means, json_string_value(judge), length));
    free(means);
}

static void compare_integer(const char *text, size_t n, const json_t *judge)
{
    struct sl_json json = sl_json_of(text, n);
    int64_t number = 0;
    text_require(sl_json_integer(&json, &number));
    text_require(number == json_integer_value(judge));
}

static sluice_status parse(const char *text, size_t n,
                           const sluice_allocator *allocator, sluice_diag *why)
{
    struct sl_json json = sl_json_of(text, n);
    json_error_t error = {.line = 0};
    bool good = sl_json_skip(&json) && sl_json_end(&json);
    (void)allocator;
    text_require(good == !json.wrong && json.at <= n);
    json_t *judge = json_loadb(text, n, JSON_DECODE_ANY, &error);
    bool too_deep = json.wrong && strstr(json.wrong, "lists in lists");
    bool too_large =
        !judge && json_error_code(&error) == json_error_numeric_overflow;
    bool has_zero = memchr(text, 0, n) != NULL;
    text_require(!good || !has_zero);
    text_require(good == (judge != NULL) || too_deep || too_large || has_zero);
    if (good && json_is_string(judge))
        compare_string(text, n, judge);
    if (good && json_is_integer(judge))
        compare_integer(text, n, judge);
    json_decref(judge);
    return good ? SLUICE_OK
                : sluice_diag_set(why, SLUICE_FORMAT, "byte %zu: %s", json.at,
                                  json.wrong);
}

const struct text_target text_target = {parse, 0, 0};

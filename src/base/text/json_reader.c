/* Reading JSON piece by piece.  One thread at a time; no state of its own. */
#include "base/text/json_reader.h"

#include <assert.h>
#include <string.h>

#include "base/text/code_point.h"

enum { ESCAPE = 6 /* bytes of the longest one of a byte, \u0041 */ };

struct sl_json sl_json_of(const char *text, size_t n)
{
    return (struct sl_json){.text = text, .n = n};
}

static bool refuse(struct sl_json *json, size_t at, const char *wrong)
{
    json->at = at;
    json->wrong = wrong;
    return false;
}

/* The next byte; 0, which is none of JSON's, behind the last one. */
static char next(const struct sl_json *json)
{
    return json->at < json->n ? json->text[json->at] : '\0';
}

static char next_token(struct sl_json *json)
{
    for (char c;
         (c = next(json)) == ' ' || c == '\n' || c == '\t' || c == '\r';)
        json->at++;
    return next(json);
}

bool sl_json_accept(struct sl_json *json, char c)
{
    if (json->wrong || next_token(json) != c)
        return false;
    json->at++;
    return true;
}

static bool expect(struct sl_json *json, char c, const char *wrong)
{
    return sl_json_accept(json, c) ||
           (!json->wrong && refuse(json, json->at, wrong));
}

bool sl_json_open(struct sl_json *json, char open)
{
    return expect(json, open,
                  open == '{' ? "an object, {, is expected"
                              : "a list, [, is expected");
}

bool sl_json_item(struct sl_json *json, char close, size_t i)
{
    if (sl_json_accept(json, close))
        return false;
    return i == 0 ? !json->wrong
                  : expect(json, ',',
                           close == '}' ? "a comma or } is expected"
                                        : "a comma or ] is expected");
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* Take the four digits behind \u; false if they are none. */
static bool take_unit(struct sl_json *json, uint32_t *unit)
{
    *unit = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(next(json));
        if (digit < 0)
            return false;
        *unit = *unit << 4 | (uint32_t)digit;
        json->at++;
    }
    return true;
}

static bool take_escape(struct sl_json *json, uint32_t *code)
{
    static const char letters[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
    uint32_t low;
    char c = next(json);
    json->at += c != '\0';
    if (c != 'u') {
        const char *letter = c ? strchr(letters, c) : NULL;
        *code = letter ? (uint32_t)means[letter - letters] : 0;
        return letter != NULL;
    }
    if (!take_unit(json, code) || *code == 0)
        return false;
    if (*code < 0xD800 || *code > 0xDFFF)
        return true;
    if (*code > 0xDBFF || json->n - json->at < ESCAPE ||
        memcmp(json->text + json->at, "\\u", 2))
        return false;
    json->at += 2;
    if (!take_unit(json, &low) || low < 0xDC00 || low > 0xDFFF)
        return false;
    *code = 0x10000 + ((*code - 0xD800) << 10 | (low - 0xDC00));
    return true;
}

/* Take a character of a string, of which there are bytes. */
static bool take_character(struct sl_json *json, uint32_t *code)
{
    if (next(json) == '\\') {
        json->at++;
        return take_escape(json, code);
    }
    int bytes =
        sl_code_point_read(json->text + json->at, json->n - json->at, code);
    if (bytes <= 0 || *code < ' ')
        return false;
    json->at += (size_t)bytes;
    return true;
}

bool sl_json_string(struct sl_json *json, struct sl_json_string *out)
{
    uint32_t code;
    if (!expect(json, '"', "a string is expected"))
        return false;
    size_t begin = json->at;
    while (json->at < json->n && next(json) != '"') {
        size_t at = json->at;
        if (!take_character(json, &code))
            return refuse(json, at, "no character of a string");
    }
    if (json->at == json->n)
        return refuse(json, begin - 1, "a string without an end");
    out->bytes = json->text + begin;
    out->n = json->at++ - begin;
    return true;
}

bool sl_json_key(struct sl_json *json, struct sl_json_string *out)
{
    return sl_json_string(json, out) &&
           expect(json, ':', "a colon is expected");
}

static bool take_digits(struct sl_json *json)
{
    size_t begin = json->at;
    while (next(json) >= '0' && next(json) <= '9')
        json->at++;
    return json->at > begin;
}

/* Take a number; `whole`: whether it has neither fraction nor exponent. */
static bool take_number(struct sl_json *json, bool *whole)
{
    size_t begin = json->at;
    json->at += next(json) == '-';
    bool zero = next(json) == '0';
    size_t digits = json->at;
    bool good = take_digits(json) && !(zero && json->at > digits + 1);
    *whole = true;
    if (good && next(json) == '.') {
        *whole = false;
        json->at++;
        good = take_digits(json);
    }
    if (good && (next(json) == 'e' || next(json) == 'E')) {
        *whole = false;
        json->at++;
        json->at += next(json) == '+' || next(json) == '-';
        good = take_digits(json);
    }
    return good || refuse(json, begin, "a value is expected");
}

bool sl_json_integer(struct sl_json *json, int64_t *out)
{
    bool whole;
    if (json->wrong)
        return false;
    next_token(json);
    size_t begin = json->at;
    if (!take_number(json, &whole) || !whole)
        return refuse(json, begin, "an integer is expected");
    bool negative = json->text[begin] == '-';
    int64_t value = 0; /* below 0, where there is one number more */
    for (size_t i = begin + negative; i < json->at; i++) {
        int digit = json->text[i] - '0';
        if (value < (INT64_MIN + digit) / 10)
            return refuse(json, begin, "an integer is too large");
        value = 10 * value - digit;
    }
    if (!negative && value == INT64_MIN)
        return refuse(json, begin, "an integer is too large");
    *out = negative ? value : -value;
    return true;
}

/* Take a string, a number, true, false or null. */
static bool skip_scalar(struct sl_json *json)
{
    static const char *const words[] = {"true", "false", "null"};
    struct sl_json_string string;
    bool whole;
    if (next_token(json) == '"')
        return sl_json_string(json, &string);
    for (int i = 0; i < 3; i++) {
        size_t n = strlen(words[i]);
        if (json->n - json->at >= n &&
            !memcmp(json->text + json->at, words[i], n)) {
            json->at += n;
            return true;
        }
    }
    return take_number(json, &whole);
}

/* Take the key before a value in an object. */
static bool skip_key(struct sl_json *json, char close)
{
    struct sl_json_string key;
    return close == ']' || sl_json_key(json, &key);
}

bool sl_json_skip(struct sl_json *json)
{
    char closes[SL_JSON_MOST_DEPTH];
    int depth = 0;
    bool first = false; /* whether what follows may be the first item */
    if (json->wrong)
        return false;
    do {
        bool is_object = sl_json_accept(json, '{');
        if (is_object || sl_json_accept(json, '[')) {
            if (depth == SL_JSON_MOST_DEPTH)
                return refuse(json, json->at - 1, "too many lists in lists");
            closes[depth++] = is_object ? '}' : ']';
            first = true;
        } else if (!skip_scalar(json)) {
            return false;
        }
        while (depth > 0 && !sl_json_item(json, closes[depth - 1], !first)) {
            if (json->wrong)
                return false;
            depth--;
            first = false;
        }
        first = false;
        if (depth > 0 && !skip_key(json, closes[depth - 1]))
            return false;
    } while (depth > 0);
    return true;
}

bool sl_json_end(struct sl_json *json)
{
    if (json->wrong)
        return false;
    next_token(json);
    return json->at == json->n ||
           refuse(json, json->at, "there is more behind the end");
}

size_t sl_json_decode(const struct sl_json_string *string, char *to)
{
    struct sl_json json = sl_json_of(string->bytes, string->n);
    size_t n = 0;
    uint32_t code;
    while (json.at < json.n && take_character(&json, &code)) {
        char bytes[SL_CODE_POINT_BYTES];
        int length = sl_code_point_write(code, bytes);
        memcpy(to + n, bytes, (size_t)length);
        n += (size_t)length;
    }
    return n;
}

const char *sl_json_settle(const struct sl_json *json, char *text,
                           const struct sl_json_string *string)
{
    char *at = text + (string->bytes - json->text);
    at[sl_json_decode(string, at)] = '\0';
    return at;
}

bool sl_json_means(const struct sl_json_string *string, const char *word)
{
    char text[SL_JSON_WORD * ESCAPE];
    size_t n = strlen(word);
    assert(n < SL_JSON_WORD);
    return string->n <= sizeof text && sl_json_decode(string, text) == n &&
           !memcmp(text, word, n);
}

/* Values of options.  Any thread; no state. */
#include "base/text/option_value.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text/real_text.h"
#include "base/text/text_out.h"

enum { SHOWN = 40, WORDS = SLUICE_DIAG_TEXT / 2 };

int sl_shown(struct sl_span span)
{
    return span.n < SHOWN ? (int)span.n : SHOWN;
}

/* The fields are reached as bytes: a config has any type. */
static bool is_text(const sluice_option *option)
{
    return option->type == SLUICE_OPTION_NAME ||
           option->type == SLUICE_OPTION_PATTERN;
}

double sluice_option_get(const sluice_option *option, const void *config)
{
    const char *field = (const char *)config + option->offset;
    bool flag;
    float narrow;
    double real;
    int32_t small;
    int64_t integer;
    if (option->type == SLUICE_OPTION_FLAG) {
        memcpy(&flag, field, sizeof flag);
        return flag;
    }
    if (is_text(option))
        return (double)strnlen(field, option->bytes);
    if (option->type == SLUICE_OPTION_REAL && option->bytes == sizeof narrow) {
        memcpy(&narrow, field, sizeof narrow);
        return (double)narrow;
    }
    if (option->type == SLUICE_OPTION_REAL) {
        memcpy(&real, field, sizeof real);
        return real;
    }
    if (option->bytes == sizeof small) {
        memcpy(&small, field, sizeof small);
        return small;
    }
    memcpy(&integer, field, sizeof integer);
    return (double)integer;
}

void sl_option_put(const sluice_option *option, double value, void *config)
{
    char *field = (char *)config + option->offset;
    bool flag = value != 0;
    float narrow = (float)value;
    int32_t small = (int32_t)(option->bytes == sizeof small ? value : 0);
    int64_t integer = option->type == SLUICE_OPTION_REAL ? 0 : (int64_t)value;
    if (is_text(option))
        memset(field, 0, option->bytes); /* no number is a name */
    else if (option->type == SLUICE_OPTION_FLAG)
        memcpy(field, &flag, sizeof flag);
    else if (option->type == SLUICE_OPTION_REAL)
        memcpy(field,
               option->bytes == sizeof narrow ? (void *)&narrow
                                              : (void *)&value,
               option->bytes);
    else
        memcpy(field,
               option->bytes == sizeof small ? (void *)&small
                                             : (void *)&integer,
               option->bytes);
}

bool sl_option_equal(const sluice_option *option, const void *a, const void *b)
{
    const char *name = (const char *)a + option->offset;
    if (is_text(option))
        return !strncmp(name, (const char *)b + option->offset, option->bytes);
    return sluice_option_get(option, a) == sluice_option_get(option, b);
}

bool sl_option_is_preset(const sluice_option *option, const void *config)
{
    double value = sluice_option_get(option, config);
    if (option->type == SLUICE_OPTION_REAL && option->bytes == sizeof(float))
        return (float)value == (float)option->preset;
    return value == option->preset;
}

static sluice_status refuse(const sluice_option_table *table,
                            const sluice_option *option, struct sl_span value,
                            const char *must, sluice_diag *why)
{
    if (!value.at)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "%s: %s has no value; it must be %s",
                               table->owner, option->name, must);
    return sluice_diag_set(why, SLUICE_INVALID,
                           "%s: %s is \"%.*s\"; it must be %s", table->owner,
                           option->name, sl_shown(value), value.at, must);
}

static bool is_word(struct sl_span value, const char *word)
{
    return value.n == strlen(word) && !memcmp(value.at, word, value.n);
}

static sluice_status set_flag(const sluice_option_table *table,
                              const sluice_option *option, struct sl_span value,
                              void *config, sluice_diag *why)
{
    if (!value.at || is_word(value, "true"))
        sl_option_put(option, 1, config);
    else if (is_word(value, "false"))
        sl_option_put(option, 0, config);
    else
        return refuse(table, option, value, "true or false", why);
    return SLUICE_OK;
}

static sluice_status set_choice(const sluice_option_table *table,
                                const sluice_option *option,
                                struct sl_span value, void *config,
                                sluice_diag *why)
{
    char must[WORDS] = "";
    struct sl_text_out out = {must, sizeof must, 0};
    sl_text_add(&out, "one of ");
    for (int i = 0; option->choice(i); i++) {
        if (value.at && is_word(value, option->choice(i))) {
            sl_option_put(option, i, config);
            return SLUICE_OK;
        }
        sl_text_add(&out, i ? ", " : "");
        sl_text_add(&out, option->choice(i));
    }
    return refuse(table, option, value, must, why);
}

bool sl_is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || c == '_';
}

/* Of these characters, or of those that a name has. */
static bool is_of(struct sl_span value, const char *more)
{
    for (size_t i = 0; i < value.n; i++)
        if (!sl_is_name_char(value.at[i]) &&
            (!value.at[i] || !strchr(more, value.at[i])))
            return false;
    return value.n > 0;
}

static sluice_status set_name(const sluice_option_table *table,
                              const sluice_option *option, struct sl_span value,
                              void *config, sluice_diag *why)
{
    char must[WORDS], *field = (char *)config + option->offset;
    bool is_pattern = option->type == SLUICE_OPTION_PATTERN;
    if (!value.at || value.n >= option->bytes ||
        !is_of(value, is_pattern ? ".*+" : "")) {
        snprintf(must, sizeof must, "1 to %d letters, digits%s or \"_\"",
                 (int)option->bytes - 1,
                 is_pattern ? ", \".\", \"*\", \"+\"" : "");
        return refuse(table, option, value, must, why);
    }
    memset(field, 0, option->bytes);
    memcpy(field, value.at, value.n);
    return SLUICE_OK;
}

static void bounds_text(const sluice_option *option, char must[WORDS])
{
    if (option->type == SLUICE_OPTION_INTEGER)
        snprintf(must, WORDS, "an integer from %" PRId64 " to %" PRId64,
                 (int64_t)option->min, (int64_t)option->max);
    else
        snprintf(must, WORDS, "a number %s %g and %s %g",
                 option->above_min ? "above" : "of at least", option->min,
                 option->below_max ? "below" : "at most", option->max);
}

static bool in_bounds(const sluice_option *option, double value)
{
    return (option->above_min ? value > option->min : value >= option->min) &&
           (option->below_max ? value < option->max : value <= option->max);
}

/* A float may be rounded onto a bound that is not possible. */
static double as_stored(const sluice_option *option, double value)
{
    bool narrow =
        option->type == SLUICE_OPTION_REAL && option->bytes == sizeof(float);
    return narrow ? (double)(float)value : value;
}

static bool is_integer(const char *text)
{
    const char *digits = text + (*text == '-');
    return digits[strspn(digits, "0123456789")] == '\0';
}

static sluice_status set_number(const sluice_option_table *table,
                                const sluice_option *option,
                                struct sl_span value, void *config,
                                sluice_diag *why)
{
    char text[SL_OPTION_VALUE] = "", must[WORDS];
    double number;
    if (value.at && value.n < sizeof text)
        memcpy(text, value.at, value.n);
    if (!sl_real_read(text, &number) ||
        (option->type == SLUICE_OPTION_INTEGER && !is_integer(text)) ||
        !in_bounds(option, as_stored(option, number))) {
        bounds_text(option, must);
        return refuse(table, option, value, must, why);
    }
    sl_option_put(option, number, config);
    return SLUICE_OK;
}

sluice_status sl_option_value(const sluice_option_table *table,
                              const sluice_option *option, struct sl_span value,
                              void *config, sluice_diag *why)
{
    if (option->type == SLUICE_OPTION_FLAG)
        return set_flag(table, option, value, config, why);
    if (option->type == SLUICE_OPTION_CHOICE)
        return set_choice(table, option, value, config, why);
    if (is_text(option))
        return set_name(table, option, value, config, why);
    return set_number(table, option, value, config, why);
}

sluice_status sl_option_check(const sluice_option_table *table,
                              const sluice_option *option, const void *config,
                              sluice_diag *why)
{
    char must[WORDS];
    double value = sluice_option_get(option, config);
    bool is_number = option->type == SLUICE_OPTION_INTEGER ||
                     option->type == SLUICE_OPTION_REAL;
    if (!is_number || in_bounds(option, value))
        return SLUICE_OK;
    bounds_text(option, must);
    return sluice_diag_set(why, SLUICE_INVALID, "%s: %s is %g; it must be %s",
                           table->owner, option->name, value, must);
}

size_t sluice_option_print(const sluice_option *option, const void *config,
                           char *text, size_t size)
{
    double value = sluice_option_get(option, config);
    char number[SL_REAL_TEXT];
    struct sl_text_out out = {text, size, 0};
    if (option->type == SLUICE_OPTION_FLAG) {
        sl_text_add(&out, value != 0 ? "true" : "false");
    } else if (option->type == SLUICE_OPTION_CHOICE) {
        const char *word = option->choice((int)value);
        sl_text_add(&out, word ? word : "?");
    } else if (is_text(option)) {
        char name[SL_OPTION_VALUE];
        snprintf(name, sizeof name, "%.*s", (int)value,
                 (const char *)config + option->offset);
        sl_text_add(&out, name);
    } else if (option->type == SLUICE_OPTION_INTEGER) {
        snprintf(number, sizeof number, "%" PRId64, (int64_t)value);
        sl_text_add(&out, number);
    } else {
        sl_real_write(value, option->bytes == sizeof(float), number);
        sl_text_add(&out, number);
    }
    return out.length;
}

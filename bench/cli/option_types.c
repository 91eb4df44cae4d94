/* Values of options, read and shown.  The main thread. */
#include "bench/cli/option_types.h"

#include <stdio.h>
#include <string.h>

#include "bench/cli/number.h"
#include "bench/cli/range.h"

enum { WORDS_BYTES = 128 };

static sluice_status read_flag(const struct option_row *option,
                               const char *text, void *value, sluice_diag *why)
{
    (void)option, (void)text, (void)why;
    *(bool *)value = true;
    return SLUICE_OK;
}

const struct option_type option_flag = {.read = read_flag};

static sluice_status read_text(const struct option_row *option,
                               const char *text, void *value, sluice_diag *why)
{
    (void)option, (void)why;
    *(const char **)value = text;
    return SLUICE_OK;
}

static void show_text(const struct option_row *option, const void *value,
                      struct table_fields *fields)
{
    add_word(fields, option->context, *(const char *const *)value);
}

const struct option_type option_text = {read_text, show_text};

static sluice_status read_integer(const struct option_row *option,
                                  const char *text, void *value,
                                  sluice_diag *why)
{
    int64_t n;
    sluice_status st =
        number_parse_integer(text, option->least, option->most, &n, why);
    if (!st)
        *(int *)value = (int)n;
    return st;
}

static void show_integer(const struct option_row *option, const void *value,
                         struct table_fields *fields)
{
    add_shared(fields, option->context, *(const int *)value);
}

const struct option_type option_integer = {read_integer, show_integer};

static sluice_status read_long(const struct option_row *option,
                               const char *text, void *value, sluice_diag *why)
{
    return number_parse_integer(text, option->least, option->most, value, why);
}

static void show_long(const struct option_row *option, const void *value,
                      struct table_fields *fields)
{
    add_shared(fields, option->context, *(const int64_t *)value);
}

const struct option_type option_long = {read_long, show_long};

static sluice_status read_real(const struct option_row *option,
                               const char *text, void *value, sluice_diag *why)
{
    return number_parse_real(text, (double)option->least, (double)option->most,
                             value, why);
}

static void show_real(const struct option_row *option, const void *value,
                      struct table_fields *fields)
{
    add_shared_real(fields, option->context, *(const double *)value);
}

const struct option_type option_real = {read_real, show_real};

static sluice_status read_time(const struct option_row *option,
                               const char *text, void *value, sluice_diag *why)
{
    int64_t ns;
    sluice_status st = number_parse_time(text, &ns, why);
    if (st)
        return st;
    if (!ns)
        return sluice_diag_set(why, SLUICE_INVALID, "a %s must take some time",
                               option->name);
    *(int64_t *)value = ns;
    return SLUICE_OK;
}

const struct option_type option_time = {read_time, show_long};

static sluice_status read_bytes(const struct option_row *option,
                                const char *text, void *value, sluice_diag *why)
{
    uint64_t bytes;
    sluice_status st = number_parse_bytes(text, &bytes, why);
    if (st)
        return st;
    if (bytes < (uint64_t)option->least)
        return sluice_diag_set(why, SLUICE_INVALID, "give at least one byte");
    *(uint64_t *)value = bytes;
    return SLUICE_OK;
}

const struct option_type option_bytes = {read_bytes, show_long};

static sluice_status read_list(const struct option_row *option,
                               const char *text, void *value, sluice_diag *why)
{
    return range_parse(text, (int)option->least, (int)option->most, value, why);
}

const struct option_type option_list = {.read = read_list};

static sluice_status read_word(const struct option_row *option,
                               const char *text, void *value, sluice_diag *why)
{
    return choice_parse(option->choices, text, value, why);
}

static void show_word(const struct option_row *option, const void *value,
                      struct table_fields *fields)
{
    add_word(fields, option->context,
             choice_name(option->choices, *(const int *)value));
}

const struct option_type option_word = {read_word, show_word};

static sluice_status read_words(const struct option_row *option,
                                const char *text, void *value, sluice_diag *why)
{
    char words[WORDS_BYTES];
    char *rest = words;
    struct range parsed = {0};
    _Static_assert((int)WORDS_BYTES <= (int)RANGE_MAX,
                   "a word takes a byte at least");
    if (strlen(text) >= sizeof words)
        return sluice_diag_set(why, SLUICE_INVALID, "the list is too long");
    snprintf(words, sizeof words, "%s", text);
    for (char *word; (word = strsep(&rest, ","));) {
        sluice_status st = choice_parse(option->choices, word,
                                        &parsed.values[parsed.n++], why);
        if (st)
            return st;
    }
    *(struct range *)value = parsed;
    return SLUICE_OK;
}

const struct option_type option_words = {.read = read_words};

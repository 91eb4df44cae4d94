/* Options for people, and as JSON.  The main thread. */
#include "bench/output/option_list.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { WORD = 64, WORDS = 128, NAME_COLUMN = 24 };

/* The name with `to` in place of its dashes. */
static void rename_dashes(const char *name, char to, char word[WORD])
{
    snprintf(word, WORD, "%s", name);
    for (char *c = word; *c; c++)
        if (*c == '-')
            *c = to;
}

/* What stands behind the name: "=X", "=relu|tanh"; nothing of a flag. */
static void write_value(const sluice_option *option, char words[WORDS])
{
    words[0] = '\0';
    if (option->type == SLUICE_OPTION_INTEGER)
        snprintf(words, WORDS, "=N");
    if (option->type == SLUICE_OPTION_REAL)
        snprintf(words, WORDS, "=X");
    if (option->type == SLUICE_OPTION_NAME)
        snprintf(words, WORDS, "=NAME");
    if (option->type == SLUICE_OPTION_PATTERN)
        snprintf(words, WORDS, "=PATTERN");
    if (option->type != SLUICE_OPTION_CHOICE)
        return;
    size_t n = 0;
    for (int i = 0; option->choice(i) && n < WORDS; i++)
        n += (size_t)snprintf(words + n, WORDS - n, "%c%s", i ? '|' : '=',
                              option->choice(i));
}

static void print_bounds(const sluice_option *option, FILE *out)
{
    if (option->type == SLUICE_OPTION_REAL)
        fprintf(out, "; %s %g, %s %g", option->above_min ? "above" : "at least",
                option->min, option->below_max ? "below" : "at most",
                option->max);
    else if (option->type == SLUICE_OPTION_INTEGER)
        fprintf(out, "; %.0f to %.0f", option->min, option->max);
}

static void print_option(const sluice_option *option, FILE *out)
{
    char value[WORDS], head[WORD + WORDS];
    write_value(option, value);
    snprintf(head, sizeof head, "%s%s", option->name, value);
    if (strlen(head) > NAME_COLUMN)
        fprintf(out, "    %s\n    %-*s %s", head, NAME_COLUMN, "",
                option->help);
    else
        fprintf(out, "    %-*s %s", NAME_COLUMN, head, option->help);
    if (option->short_name)
        fprintf(out, "; short: %s", option->short_name);
    print_bounds(option, out);
    if (option->required)
        fprintf(out, "; must be given");
    else if (option->type == SLUICE_OPTION_CHOICE)
        fprintf(out, " (%s)", option->choice((int)option->preset));
    else if (option->type != SLUICE_OPTION_FLAG &&
             option->type != SLUICE_OPTION_PATTERN)
        fprintf(out, " (%.15g)", option->preset);
    fputc('\n', out);
}

void option_list_print(const sluice_option_table *table, const char *help,
                       FILE *out)
{
    fprintf(out, "  %-26s %s\n", table->owner, help ? help : "");
    for (int i = 0; i < table->n_options; i++)
        print_option(&table->options[i], out);
}

static json_t *value_json(const sluice_option *option, const void *config)
{
    double value = sluice_option_get(option, config);
    if (option->type == SLUICE_OPTION_FLAG)
        return json_boolean(value != 0);
    if (option->type == SLUICE_OPTION_INTEGER)
        return json_integer((json_int_t)value);
    if (option->type == SLUICE_OPTION_CHOICE)
        return json_string(option->choice((int)value));
    if (option->type == SLUICE_OPTION_NAME ||
        option->type == SLUICE_OPTION_PATTERN)
        return json_stringn((const char *)config + option->offset,
                            (size_t)value);
    return isfinite(value) ? json_real(value) : json_null();
}

json_t *option_list_json(const sluice_option_table *table, const void *config)
{
    json_t *object = json_object();
    json_object_set_new(object, "name", json_string(table->owner));
    for (int i = 0; i < table->n_options; i++) {
        char key[WORD];
        rename_dashes(table->options[i].name, '_', key);
        json_object_set_new(object, key,
                            value_json(&table->options[i], config));
    }
    return object;
}

void option_list_line(const sluice_option_table *table, const void *config,
                      char *text, size_t size)
{
    size_t n = (size_t)snprintf(text, size, "%s", table->owner);
    for (int i = 0; i < table->n_options && n < size; i++) {
        char name[WORD], value[WORD];
        rename_dashes(table->options[i].name, ' ', name);
        sluice_option_print(&table->options[i], config, value, sizeof value);
        n += (size_t)snprintf(text + n, size - n, ", %s %s", name, value);
    }
}

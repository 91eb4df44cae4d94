/* Generators on a command line.  The main thread. */
#include "bench/order/generator_options.h"

#include <stdio.h>
#include <string.h>

enum { NAMES_BYTES = 512 };

int generator_find(const char *name)
{
    for (int i = 0; sluice_schedule_generator(i); i++)
        if (!strcmp(sluice_schedule_generator(i), name))
            return i;
    return -1;
}

/* The option of that name of generator `i`; NULL if it reads none. */
static const sluice_schedule_option *option_of(int i, const char *name)
{
    int n;
    const sluice_schedule_option *options = sluice_schedule_options(i, &n);
    for (int k = 0; k < n; k++)
        if (!strcmp(options[k].name, name))
            return &options[k];
    return NULL;
}

/* Append to a list of names. */
static void append_name(char *text, size_t bytes, const char *name)
{
    size_t n = strlen(text);
    snprintf(text + n, bytes - n, "%s%s", n ? ", " : "", name);
}

void generator_names(char *text, size_t bytes)
{
    text[0] = 0;
    for (int i = 0; sluice_schedule_generator(i); i++)
        append_name(text, bytes, sluice_schedule_generator(i));
}

/* The generators that have an option; with a certain help, unless NULL. */
static void names_with(const char *option, const char *help, char *text,
                       size_t bytes)
{
    text[0] = 0;
    for (int i = 0; sluice_schedule_generator(i); i++) {
        const sluice_schedule_option *o = option_of(i, option);
        if (o && (!help || !strcmp(o->help, help)))
            append_name(text, bytes, sluice_schedule_generator(i));
    }
}

/* Whether an earlier generator has the option with this help. */
static bool is_told(int i, const char *name, const char *help)
{
    for (int k = 0; k < i; k++) {
        const sluice_schedule_option *o = option_of(k, name);
        if (o && !strcmp(o->help, help))
            return true;
    }
    return false;
}

/* `text` without the words with which it begins as `before` does. */
static const char *less_common(const char *text, const char *before)
{
    const char *rest = text;
    for (size_t n = 0; text[n] && text[n] == before[n]; n++)
        if (text[n] == ' ')
            rest = text + n + 1;
    return rest;
}

static void append_standard(const sluice_schedule_option *option,
                            char help[OPTION_HELP])
{
    size_t n = strlen(help);
    if (option->is_flag)
        return;
    if (option->standard == SLUICE_OPTION_DEVICES)
        snprintf(help + n, OPTION_HELP - n, " (as many as devices)");
    else
        snprintf(help + n, OPTION_HELP - n, " (%d)", option->standard);
}

void generator_option_tell(const struct option_row *option,
                           char help[OPTION_HELP])
{
    const sluice_schedule_option *first = NULL;
    char names[NAMES_BYTES];
    help[0] = 0;
    for (int i = 0; sluice_schedule_generator(i); i++) {
        const sluice_schedule_option *o = option_of(i, option->name);
        size_t n = strlen(help);
        if (!o || is_told(i, option->name, o->help))
            continue;
        names_with(option->name, o->help, names, sizeof names);
        snprintf(help + n, OPTION_HELP - n, "%s%s: %s", first ? "; or " : "",
                 first ? less_common(o->help, first->help) : o->help, names);
        first = first ? first : o;
    }
    if (first)
        append_standard(first, help);
}

int generator_standard(const char *generator, const char *option)
{
    int i = generator_find(generator);
    const sluice_schedule_option *o = i >= 0 ? option_of(i, option) : NULL;
    return o ? o->standard : 1; /* of the search */
}

bool generator_reads(const char *generator, const char *option)
{
    int i = generator_find(generator);
    if (!strcmp(generator, SCHEDULE_AUTO))
        return !strcmp(option, "chunks");
    return i >= 0 && option_of(i, option);
}

sluice_status generator_refuse_option(const char *schedule, const char *option,
                                      sluice_diag *why)
{
    char names[NAMES_BYTES];
    names_with(option, NULL, names, sizeof names);
    return sluice_diag_set(why, SLUICE_INVALID,
                           "%s takes no %s; --%s applies to %s", schedule,
                           option, option, names);
}

/* Rows of options, and their help.  The main thread. */
#include "bench/cli/option.h"

#include <stdio.h>
#include <string.h>

static const char standard_mark[] = "{standard}";
static const char choices_mark[] = "{choices}";

sluice_status option_read(const struct option_row *option, const char *text,
                          void *values, sluice_diag *why)
{
    return option->type->read(option, text, (char *)values + option->offset,
                              why);
}

static void append(char help[OPTION_HELP], const char *text, size_t n)
{
    size_t used = strlen(help);
    snprintf(help + used, OPTION_HELP - used, "%.*s", (int)n, text);
}

static void append_text(char help[OPTION_HELP], const char *text)
{
    append(help, text, strlen(text));
}

/* The words there are; returns whether the standard is one of them. */
static bool append_choices(const struct option_row *option,
                           char help[OPTION_HELP])
{
    bool marked = false;
    for (const struct choice *c = option->choices; c->name; c++) {
        append_text(help, c == option->choices ? "" : ", ");
        append_text(help, c->name);
        if (option->standard && !strcmp(c->name, option->standard)) {
            append_text(help, " (default)");
            marked = true;
        }
    }
    return marked;
}

static bool starts(const char *text, const char *mark)
{
    return !strncmp(text, mark, strlen(mark));
}

void option_help(const struct option_row *option, char help[OPTION_HELP])
{
    bool told = !option->standard;
    help[0] = 0;
    if (option->tell) {
        option->tell(option, help);
        return;
    }
    for (const char *at = option->help; *at;) {
        size_t n = 1 + strcspn(at + 1, "{");
        if (starts(at, standard_mark)) {
            n = strlen(standard_mark);
            append_text(help, option->standard);
            told = true;
        } else if (starts(at, choices_mark)) {
            n = strlen(choices_mark);
            told = append_choices(option, help) || told;
        } else {
            append(help, at, n);
        }
        at += n;
    }
    if (told)
        return;
    append_text(help, " (");
    append_text(help, option->standard);
    append_text(help, ")");
}

void option_context(const struct option_row *options, const void *values,
                    struct table_fields *fields)
{
    for (const struct option_row *o = options; o->name; o++)
        if (o->context)
            o->type->show(o, (const char *)values + o->offset, fields);
}

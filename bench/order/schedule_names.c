/* Names of schedules on a command line.  The main thread. */
#include "bench/order/schedule_names.h"

#include <string.h>

#include "bench/order/generator_options.h"

enum { NAMES_BYTES = 512 };

bool schedule_is_generated(const char *name)
{
    return !name || generator_find(name) >= 0;
}

bool schedule_is_file(const char *name)
{
    return !schedule_is_generated(name) && strpbrk(name, "./");
}

sluice_status schedule_check_name(const char *name, sluice_diag *why)
{
    char names[NAMES_BYTES];
    if (schedule_is_file(name) || !strcmp(name, SCHEDULE_AUTO) ||
        schedule_is_generated(name))
        return SLUICE_OK;
    generator_names(names, sizeof names);
    return sluice_diag_set(why, SLUICE_INVALID,
                           "no schedule is called \"%s\": there are auto, %s; "
                           "a file has a dot or a slash in its name",
                           name, names);
}

static sluice_status read_name(const struct option_row *option,
                               const char *text, void *value, sluice_diag *why)
{
    (void)option;
    sluice_status st = schedule_check_name(text, why);
    if (!st)
        *(const char **)value = text;
    return st;
}

static void show_name(const struct option_row *option, const void *value,
                      struct table_fields *fields)
{
    add_word(fields, option->context, *(const char *const *)value);
}

const struct option_type schedule_name = {read_name, show_name};

/* The option --precision.  The main thread. */
#include "bench/cli/precision_option.h"

#include <stdio.h>
#include <string.h>

#include <sluice/gemm.h>

enum { NAMES_BYTES = 64 };

/* All names, with a mark behind the default. */
static void list_names(const char *mark, char names[NAMES_BYTES])
{
    names[0] = 0;
    for (int i = 0; sluice_precision_name(i); i++) {
        size_t n = strlen(names);
        snprintf(names + n, NAMES_BYTES - n, "%s%s%s", i ? ", " : "",
                 sluice_precision_name(i), i ? "" : mark);
    }
}

static sluice_status read_precision(const struct option_row *option,
                                    const char *text, void *value,
                                    sluice_diag *why)
{
    char names[NAMES_BYTES];
    (void)option;
    for (int i = 0; sluice_precision_name(i); i++)
        if (!strcmp(sluice_precision_name(i), text)) {
            *(const char **)value = sluice_precision_name(i);
            return SLUICE_OK;
        }
    list_names("", names);
    return sluice_diag_set(why, SLUICE_INVALID, "\"%s\" is not one of %s", text,
                           names);
}

static void show_precision(const struct option_row *option, const void *value,
                           struct table_fields *fields)
{
    add_word(fields, option->context,
             precision_option_name(*(const char *const *)value));
}

const struct option_type precision_name = {read_precision, show_precision};

void precision_option_tell(const struct option_row *option,
                           char help[OPTION_HELP])
{
    char names[NAMES_BYTES];
    (void)option;
    list_names(" (default)", names);
    snprintf(help, OPTION_HELP,
             "What operands of matrix products are rounded to: %s; bf16 needs "
             "oneDNN and a processor with such products",
             names);
}

const char *precision_option_name(const char *value)
{
    return value ? value : sluice_precision_name(0);
}

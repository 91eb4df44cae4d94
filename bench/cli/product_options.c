/* The options --gemm and --precision.  The main thread. */
#include "bench/cli/product_options.h"

#include <stdio.h>
#include <string.h>

#include <sluice/gemm.h>

enum { NAMES_BYTES = 128 };

/* The library's list of names, the default first, NULL behind the last. */
typedef const char *name_of(int i);

/* All names, with a mark behind the default. */
static void list_names(name_of *name, const char *mark, char names[NAMES_BYTES])
{
    names[0] = 0;
    for (int i = 0; name(i); i++) {
        size_t n = strlen(names);
        snprintf(names + n, NAMES_BYTES - n, "%s%s%s", i ? ", " : "", name(i),
                 i ? "" : mark);
    }
}

static sluice_status read_name(name_of *name, const char *text, void *value,
                               sluice_diag *why)
{
    char names[NAMES_BYTES];
    for (int i = 0; name(i); i++)
        if (!strcmp(name(i), text)) {
            *(const char **)value = name(i);
            return SLUICE_OK;
        }
    list_names(name, "", names);
    return sluice_diag_set(why, SLUICE_INVALID, "\"%s\" is not one of %s", text,
                           names);
}

static sluice_status read_gemm(const struct option_row *option,
                               const char *text, void *value, sluice_diag *why)
{
    (void)option;
    sluice_status st = read_name(sluice_gemm_name, text, value, why);
    if (!st && !sluice_gemm_is_built(text))
        st = sluice_diag_set(why, SLUICE_INVALID,
                             "%s is not in this build of the library, or not "
                             "for this processor",
                             text);
    return st;
}

static void show_gemm(const struct option_row *option, const void *value,
                      struct table_fields *fields)
{
    add_word(fields, option->context,
             gemm_option_name(*(const char *const *)value));
}

static sluice_status read_precision(const struct option_row *option,
                                    const char *text, void *value,
                                    sluice_diag *why)
{
    (void)option;
    return read_name(sluice_precision_name, text, value, why);
}

static void show_precision(const struct option_row *option, const void *value,
                           struct table_fields *fields)
{
    add_word(fields, option->context,
             precision_option_name(*(const char *const *)value));
}

const struct option_type gemm_name = {read_gemm, show_gemm};
const struct option_type precision_name = {read_precision, show_precision};

void gemm_option_tell(const struct option_row *option, char help[OPTION_HELP])
{
    char names[NAMES_BYTES];
    (void)option;
    list_names(sluice_gemm_name, " (default)", names);
    snprintf(help, OPTION_HELP,
             "What makes matrix products: %s; auto is a fixed rule of "
             "processor and shapes",
             names);
}

void precision_option_tell(const struct option_row *option,
                           char help[OPTION_HELP])
{
    char names[NAMES_BYTES];
    (void)option;
    list_names(sluice_precision_name, " (default)", names);
    snprintf(help, OPTION_HELP,
             "What operands of matrix products are rounded to: %s; bf16 needs "
             "oneDNN and a processor with such products",
             names);
}

const char *gemm_option_name(const char *value)
{
    return value ? value : sluice_gemm_name(0);
}

const char *precision_option_name(const char *value)
{
    return value ? value : sluice_precision_name(0);
}

/* The option --gemm.  The main thread. */
#include "bench/cli/gemm_option.h"

#include <stdio.h>
#include <string.h>

#include <sluice/gemm.h>

enum { NAMES_BYTES = 128 };

/* All names, with a mark behind the default. */
static void list_names(const char *mark, char names[NAMES_BYTES])
{
    names[0] = 0;
    for (int i = 0; sluice_gemm_name(i); i++) {
        size_t n = strlen(names);
        snprintf(names + n, NAMES_BYTES - n, "%s%s%s", i ? ", " : "",
                 sluice_gemm_name(i), i ? "" : mark);
    }
}

static sluice_status read_gemm(const struct option_row *option,
                               const char *text, void *value, sluice_diag *why)
{
    char names[NAMES_BYTES];
    (void)option;
    for (int i = 0; sluice_gemm_name(i); i++) {
        if (strcmp(sluice_gemm_name(i), text) != 0)
            continue;
        if (!sluice_gemm_is_built(text))
            return sluice_diag_set(why, SLUICE_INVALID,
                                   "%s is not in this build of the library, or "
                                   "not for this processor",
                                   text);
        *(const char **)value = sluice_gemm_name(i);
        return SLUICE_OK;
    }
    list_names("", names);
    return sluice_diag_set(why, SLUICE_INVALID, "\"%s\" is not one of %s", text,
                           names);
}

static void show_gemm(const struct option_row *option, const void *value,
                      struct table_fields *fields)
{
    add_word(fields, option->context,
             gemm_option_name(*(const char *const *)value));
}

const struct option_type gemm_name = {read_gemm, show_gemm};

void gemm_option_tell(const struct option_row *option, char help[OPTION_HELP])
{
    char names[NAMES_BYTES];
    (void)option;
    list_names(" (default)", names);
    snprintf(
        help, OPTION_HELP,
        "What makes matrix products: %s; auto is a fixed rule of processor "
        "and shapes",
        names);
}

const char *gemm_option_name(const char *value)
{
    return value ? value : sluice_gemm_name(0);
}

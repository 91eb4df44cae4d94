/* The option --speeds.  The main thread. */
#include "bench/order/device_speeds.h"

#include <stdio.h>
#include <string.h>

#include "bench/cli/number.h"

enum { LIST_BYTES = 1024 };

static const double SLOWEST = 1e-3, FASTEST = 1e3;

static sluice_status read_speeds(const struct option_row *option,
                                 const char *text, void *value,
                                 sluice_diag *why)
{
    struct device_speeds *speeds = value;
    char words[LIST_BYTES];
    char *rest = words;
    double fastest = option->most ? (double)option->most : FASTEST;
    *speeds = (struct device_speeds){.text = text};
    if (snprintf(words, sizeof words, "%s", text) >= (int)sizeof words)
        return sluice_diag_set(why, SLUICE_INVALID, "the list is too long");
    for (char *word; (word = strsep(&rest, ","));) {
        if (speeds->n == SLUICE_MAX_DEVICES)
            return sluice_diag_set(why, SLUICE_INVALID, "more than %d speeds",
                                   SLUICE_MAX_DEVICES);
        sluice_status st = number_parse_real(word, SLOWEST, fastest,
                                             &speeds->of[speeds->n++], why);
        if (st)
            return st;
    }
    return SLUICE_OK;
}

static void show_speeds(const struct option_row *option, const void *value,
                        struct table_fields *fields)
{
    const struct device_speeds *speeds = value;
    add_word(fields, option->context, speeds->text ? speeds->text : "1");
}

const struct option_type option_speeds = {read_speeds, show_speeds};

sluice_status device_speeds_check(const struct device_speeds *speeds,
                                  int devices, sluice_diag *why)
{
    if (!speeds->n || speeds->n == devices)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "--speeds: %d speeds for %d devices: give one for "
                           "each",
                           speeds->n, devices);
}

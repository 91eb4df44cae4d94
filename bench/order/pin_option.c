/* The option --pin.  The main thread. */
#include "bench/order/pin_option.h"

#include <stdio.h>
#include <string.h>

enum { MOST_CPU = 8191 };

static sluice_status read_pin(const struct option_row *option, const char *text,
                              void *value, sluice_diag *why)
{
    struct pin_choice *choice = value;
    (void)option;
    *choice = (struct pin_choice){.text = text};
    if (!strcmp(text, "auto"))
        return SLUICE_OK;
    choice->how = SLUICE_PIN_OFF;
    if (!strcmp(text, "off"))
        return SLUICE_OK;
    choice->how = SLUICE_PIN_LIST;
    if (!range_parse(text, 0, MOST_CPU, &choice->cpus, NULL))
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "\"%s\" is neither auto nor off, nor a list of "
                           "CPUs such as 0,2 or 0-3",
                           text);
}

static void show_pin(const struct option_row *option, const void *value,
                     struct table_fields *fields)
{
    const struct pin_choice *choice = value;
    add_word(fields, option->context, choice->text ? choice->text : "auto");
}

const struct option_type option_pin = {read_pin, show_pin};

void pin_option_tell(const struct option_row *option, char help[OPTION_HELP])
{
    (void)option;
    snprintf(help, OPTION_HELP,
             "Cores of the devices: auto, one for each that no other pipeline "
             "has, or none if there are too few (default); off; or a list of "
             "CPUs such as 0,2 or 0-3, the first for device 0");
}

void pin_apply(const struct pin_choice *choice, sluice_pipeline_config *config)
{
    config->pinning = choice->how;
    config->pin_cpus = choice->cpus.values;
    config->n_pin_cpus = choice->cpus.n;
}

/* Options that take one word of a few.  The main thread. */
#include "bench/cli/choice.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include <sluice/checkpoint.h>
#include <sluice/pipeline.h>
#include <sluice/schedule.h>

const struct choice remat_choices[] = {
    {"never", SLUICE_REMAT_NEVER},
    {"always", SLUICE_REMAT_ALWAYS},
    {"except_last", SLUICE_REMAT_EXCEPT_LAST},
    {NULL, 0},
};

const struct choice backward_order_choices[] = {
    {"reverse", SLUICE_REVERSE},
    {"in_order", SLUICE_IN_ORDER},
    {NULL, 0},
};

const struct choice cut_choices[] = {
    {"uniform", SLUICE_CUT_UNIFORM},
    {"flops", SLUICE_CUT_FLOPS},
    {"time", SLUICE_CUT_TIME},
    {"bytes", SLUICE_CUT_BYTES},
    {NULL, 0},
};

const struct choice layout_choices[] = {
    {"auto", SLUICE_LAYOUT_AUTO},
    {"sluice", SLUICE_LAYOUT_SLUICE},
    {"pytorch", SLUICE_LAYOUT_PYTORCH},
    {NULL, 0},
};

const struct choice save_layout_choices[] = {
    {"sluice", SLUICE_LAYOUT_SLUICE},
    {"pytorch", SLUICE_LAYOUT_PYTORCH},
    {NULL, 0},
};

sluice_status choice_parse(const struct choice *table, const char *text,
                           int *value, sluice_diag *why)
{
    char words[128] = "";
    for (const struct choice *c = table; c->name; c++) {
        if (!strcmp(c->name, text)) {
            *value = c->value;
            return SLUICE_OK;
        }
        size_t n = strlen(words);
        snprintf(words + n, sizeof words - n, "%s%s", n ? ", " : "", c->name);
    }
    return sluice_diag_set(why, SLUICE_INVALID, "\"%s\" is not one of %s", text,
                           words);
}

const char *choice_name(const struct choice *table, int value)
{
    while (table->name && table->value != value)
        table++;
    assert(table->name);
    return table->name;
}

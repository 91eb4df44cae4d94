/* The table of learning-rate rules.  Any thread; no state. */
#include "train/rates/rate_table.h"

#include <string.h>

typedef const sluice_rate_ops *rate_function(void);

#define FUNCTION(row) row,
static rate_function *const rates[] = {SL_RATES(FUNCTION)};

const sluice_rate_ops *sluice_rate_at(int i)
{
    int n = (int)(sizeof rates / sizeof *rates);
    return i >= 0 && i < n ? rates[i]() : NULL;
}

const sluice_rate_ops *sluice_rate_find(const char *name)
{
    const sluice_rate_ops *ops;
    for (int i = 0; (ops = sluice_rate_at(i)); i++)
        if (!strcmp(ops->name, name))
            return ops;
    return NULL;
}

sluice_option_table sluice_rate_options(const sluice_rate_ops *ops)
{
    return (sluice_option_table){ops->name, ops->options, ops->n_options};
}

bool sl_rate_rows(int i, struct sl_row *row)
{
    const sluice_rate_ops *ops = sluice_rate_at(i);
    if (!ops)
        return false;
    *row = (struct sl_row){sluice_rate_options(ops), ops->config_bytes};
    return true;
}

sluice_status sluice_rate_parse(const char *text, sluice_rate_choice *out,
                                sluice_diag *why)
{
    int i;
    sluice_rate_choice choice;
    sluice_status st = sl_row_parse("learning-rate rule", sl_rate_rows, text,
                                    &i, &choice.config, why);
    if (st)
        return st;
    choice.ops = sluice_rate_at(i);
    *out = choice;
    return SLUICE_OK;
}

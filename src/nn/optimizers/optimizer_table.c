/* The table of optimizers.  Any thread; no state. */
#include "nn/optimizers/optimizer_table.h"

#include <string.h>

typedef const sluice_optimizer_ops *optimizer_function(void);

#define FUNCTION(row) row,
static optimizer_function *const optimizers[] = {SL_OPTIMIZERS(FUNCTION)};

const sluice_optimizer_ops *sluice_optimizer_at(int i)
{
    int n = (int)(sizeof optimizers / sizeof *optimizers);
    return i >= 0 && i < n ? optimizers[i]() : NULL;
}

const sluice_optimizer_ops *sluice_optimizer_find(const char *name)
{
    const sluice_optimizer_ops *ops;
    for (int i = 0; (ops = sluice_optimizer_at(i)); i++)
        if (!strcmp(ops->name, name))
            return ops;
    return NULL;
}

sluice_option_table sluice_optimizer_options(const sluice_optimizer_ops *ops)
{
    return (sluice_option_table){ops->name, ops->options, ops->n_options};
}

bool sl_optimizer_rows(int i, struct sl_row *row)
{
    const sluice_optimizer_ops *ops = sluice_optimizer_at(i);
    if (!ops)
        return false;
    *row = (struct sl_row){sluice_optimizer_options(ops), ops->config_bytes};
    return true;
}

sluice_status sluice_optimizer_parse(const char *text,
                                     sluice_optimizer_choice *out,
                                     sluice_diag *why)
{
    int i;
    sluice_optimizer_choice choice;
    sluice_status st = sl_row_parse("optimizer", sl_optimizer_rows, text, &i,
                                    &choice.config, why);
    if (st)
        return st;
    choice.ops = sluice_optimizer_at(i);
    *out = choice;
    return SLUICE_OK;
}

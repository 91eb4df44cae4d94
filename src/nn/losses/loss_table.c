/* The table of losses.  Any thread; no state. */
#include "nn/losses/loss_table.h"

#include <string.h>

typedef const sluice_loss_ops *loss_function(void);

#define FUNCTION(row) row,
static loss_function *const losses[] = {SL_LOSSES(FUNCTION)};

const sluice_loss_ops *sluice_loss_at(int i)
{
    int n = (int)(sizeof losses / sizeof *losses);
    return i >= 0 && i < n ? losses[i]() : NULL;
}

const sluice_loss_ops *sluice_loss_find(const char *name)
{
    const sluice_loss_ops *ops;
    for (int i = 0; (ops = sluice_loss_at(i)); i++)
        if (!strcmp(ops->name, name))
            return ops;
    return NULL;
}

sluice_option_table sluice_loss_options(const sluice_loss_ops *ops)
{
    return (sluice_option_table){ops->name, ops->options, ops->n_options};
}

bool sl_loss_rows(int i, struct sl_row *row)
{
    const sluice_loss_ops *ops = sluice_loss_at(i);
    if (!ops)
        return false;
    *row = (struct sl_row){sluice_loss_options(ops), ops->config_bytes};
    return true;
}

sluice_status sluice_loss_parse(const char *text, sluice_loss_choice *out,
                                sluice_diag *why)
{
    int i;
    sluice_loss_choice choice;
    sluice_status st =
        sl_row_parse("loss", sl_loss_rows, text, &i, &choice.config, why);
    if (st)
        return st;
    choice.ops = sluice_loss_at(i);
    *out = choice;
    return SLUICE_OK;
}

/* Whether the loss compares `out` with such targets. */
static bool takes(const sluice_loss_ops *ops, const void *config, bool labels,
                  sluice_shape out)
{
    sluice_loss_plan plan = {.out = out, .config = config};
    sluice_status st = ops->infer(&plan, NULL);
    return !st && (plan.classes > 0) == labels;
}

sluice_status sluice_loss_for(bool labels, sluice_shape out,
                              sluice_loss_choice *choice, sluice_diag *why)
{
    sluice_loss_choice next;
    for (int i = 0; (next.ops = sluice_loss_at(i)); i++) {
        sluice_option_table table = sluice_loss_options(next.ops);
        next.config = (sluice_config_room){.bytes = {0}};
        sluice_options_preset(&table, &next.config);
        if (!takes(next.ops, &next.config, labels, out))
            continue;
        *choice = next;
        return SLUICE_OK;
    }
    return sluice_diag_set(why, SLUICE_NOT_FOUND,
                           "no loss compares the network's output with %s; "
                           "name one",
                           labels ? "class labels" : "numbers");
}

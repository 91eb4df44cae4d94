/* The table of layers.  Any thread; no state. */
#include "nn/layers/layer_table.h"

#include <string.h>

typedef const sluice_layer_ops *layer_function(void);

#define FUNCTION(row) row,
static layer_function *const layers[] = {SL_LAYERS(FUNCTION)};

const sluice_layer_ops *sluice_layer_at(int i)
{
    int n = (int)(sizeof layers / sizeof *layers);
    return i >= 0 && i < n ? layers[i]() : NULL;
}

const sluice_layer_ops *sluice_layer_find(const char *name)
{
    const sluice_layer_ops *ops;
    for (int i = 0; (ops = sluice_layer_at(i)); i++)
        if (!strcmp(ops->name, name))
            return ops;
    return NULL;
}

sluice_option_table sluice_layer_options(const sluice_layer_ops *ops)
{
    return (sluice_option_table){ops->name, ops->options, ops->n_options};
}

bool sl_layer_rows(int i, struct sl_row *row)
{
    const sluice_layer_ops *ops = sluice_layer_at(i);
    if (!ops)
        return false;
    *row = (struct sl_row){sluice_layer_options(ops), ops->config_bytes};
    return true;
}

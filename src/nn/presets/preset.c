/* The table of presets, and writing text.  Any thread; no state. */
#include "nn/presets/preset.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/text/real_text.h"
#include "nn/layers/layer_table.h"

#define ADDRESS(row) &row,
static const struct sl_preset *const presets[] = {SL_PRESETS(ADDRESS)};

enum { N_PRESETS = sizeof presets / sizeof *presets, PIECE = 256 };

_Static_assert(sizeof(struct sl_preset_real) >= SL_REAL_TEXT,
               "every real fits");

const struct sl_preset *sl_preset_at(int i)
{
    return i >= 0 && i < N_PRESETS ? presets[i] : NULL;
}

static int n_layers(void)
{
    int n = 0;
    while (sluice_layer_at(n))
        n++;
    return n;
}

const struct sl_preset *sl_named_preset(int i)
{
    return sl_preset_at(i - n_layers());
}

bool sl_named_rows(int i, struct sl_row *row)
{
    const struct sl_preset *preset = sl_named_preset(i);
    if (!preset)
        return sl_layer_rows(i, row);
    *row = (struct sl_row){{preset->name, preset->options, preset->n_options},
                           preset->config_bytes};
    return true;
}

sluice_option_table sluice_preset_options(int i)
{
    const struct sl_preset *preset = sl_preset_at(i);
    if (!preset)
        return (sluice_option_table){0};
    return (sluice_option_table){preset->name, preset->options,
                                 preset->n_options};
}

const char *sluice_preset_help(int i)
{
    const struct sl_preset *preset = sl_preset_at(i);
    return preset ? preset->help : NULL;
}

void sl_preset_add(struct sl_text_out *out, const char *format, ...)
{
    char piece[PIECE];
    va_list values;
    va_start(values, format);
    vsnprintf(piece, sizeof piece, format, values);
    va_end(values);
    sl_text_add(out, piece);
}

struct sl_preset_real sl_preset_real(double value)
{
    struct sl_preset_real real;
    sl_real_write(value, true, real.text);
    return real;
}

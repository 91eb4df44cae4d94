/*
 * Presets: names in the long form of a model's text that stand for layers,
 * "gpt2(layers=12)".  A preset writes these layers as text, which is read in
 * its place: what it makes is a model of ordinary layers.
 *
 * To add one, write its file, which defines a `const struct sl_preset`, and put
 * its name in SL_PRESETS.
 *
 * Threads: any; no state.
 */
#ifndef SL_NN_PRESETS_PRESET_H
#define SL_NN_PRESETS_PRESET_H

#include <sluice/model.h>

#include "base/text/text_out.h"
#include "nn/presets/published.h"
#include "nn/rows/row.h"

enum { SL_PRESET_TEXT = 8192 }; /* bytes of what a preset writes */

struct sl_preset {
    const char *name; /* "gpt2" */
    const char *help; /* one line, without a full stop at its end */
    const sluice_option *options;
    int n_options;
    size_t config_bytes;

    /* The model's input where neither text nor data say it; sets `input` and
     * `input_type`.  The type is that of data, too. */
    void (*input)(const void *config, sluice_model_config *model);

    /* The layers, as text; the first will be layer `first` of the model. */
    void (*write)(const void *config, int first, struct sl_text_out *out);

    const struct sl_published *published; /* names elsewhere; NULL: none */
};

/* clang-format off */
#define SL_PRESETS(ROW) \
    ROW(sl_preset_gpt2) \
    ROW(sl_preset_llama) \
    ROW(sl_preset_resnet) \
    ROW(sl_preset_unet) \
    ROW(sl_preset_amoebanet) \
    /* the end: each row ends with a backslash */
/* clang-format on */

#define SL_DECLARE_PRESET(row) extern const struct sl_preset row;
SL_PRESETS(SL_DECLARE_PRESET)

/* Preset `i`; NULL past the last. */
const struct sl_preset *sl_preset_at(int i);

/* Layers, then presets: what a name in a text can be.  `*preset` of
 * sl_named_preset() is NULL if row `i` is a layer. */
sl_rows sl_named_rows;
const struct sl_preset *sl_named_preset(int i);

/* Append formatted text, at most 255 bytes. */
__attribute__((format(printf, 2, 3))) void
sl_preset_add(struct sl_text_out *out, const char *format, ...);

/* A real as text, for "%s" above; the shortest that reads as the same float. */
struct sl_preset_real {
    char text[32];
};
struct sl_preset_real sl_preset_real(double value);

#endif

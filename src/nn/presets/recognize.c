/* Which published names a model has.  Any thread; no state. */
#include "nn/presets/recognize.h"

#include "nn/presets/preset.h"

const struct sl_published *sl_published_of(const sluice_model *model)
{
    const struct sl_preset *preset;
    for (int i = 0; (preset = sl_preset_at(i)); i++)
        if (preset->published && sl_published_knows(preset->published, model))
            return preset->published;
    return NULL;
}

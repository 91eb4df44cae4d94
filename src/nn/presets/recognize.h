/* Which published names a model has.  Any thread; no state. */
#ifndef SL_NN_PRESETS_RECOGNIZE_H
#define SL_NN_PRESETS_RECOGNIZE_H

#include <sluice/model.h>

#include "nn/presets/published.h"

/* Those of the first preset that knows all its parameters; NULL if there is
 * none. */
const struct sl_published *sl_published_of(const sluice_model *model);

#endif

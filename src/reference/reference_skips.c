/* The sequential reference: skip connections. */
#include "reference/reference.h"

#include "nn/model/model.h"
#include "nn/model/skips.h"

bool sl_reference_make_skips(struct sluice_reference *ref)
{
    const struct sl_skip_list *skips = sl_model_skips(ref->model);
    for (int i = 0; i < skips->n; i++) {
        struct sl_reference_layer *stash = &ref->layers[skips->at[i].stash];
        struct sl_reference_layer *pop = &ref->layers[skips->at[i].pop];
        int64_t bytes = skips->at[i].n * (int64_t)sizeof(float);
        stash->skip = pop->skip = sl_reference_take(ref, ref->batch, bytes);
        stash->skip_gradient = pop->skip_gradient =
            sl_reference_take(ref, ref->batch, bytes);
        if (!pop->skip || !pop->skip_gradient)
            return false;
    }
    return true;
}

/*
 * The layout of a file that holds weights.
 *
 * Threads: the one that owns the pipeline, between steps.
 */
#ifndef SL_CHECKPOINT_WHICH_LAYOUT_H
#define SL_CHECKPOINT_WHICH_LAYOUT_H

#include <sluice/checkpoint.h>
#include <sluice/dataset.h>

#define SL_LAYOUT_KEY "sluice.layout"

/* How the layout of a file was found. */
enum sl_layout_source {
    SL_LAYOUT_TOLD,    /* by the caller, or by the file */
    SL_LAYOUT_SEEN,    /* names or shapes fit this one alone */
    SL_LAYOUT_ASSUMED, /* both fit, and may not mean the same */
};

/* The word of a layout: "pytorch". */
const char *sl_layout_name(sluice_weights_layout layout);

/*
 * Find the layout in which a file of weights of `model` is to be read, `wanted`
 * being what the caller says.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID if the file says that it has another;
 *          SLUICE_FORMAT if it names one that is not known.
 */
sluice_status sl_layout_find(const sluice_safetensors *file, const char *path,
                             const sluice_model *model,
                             sluice_weights_layout wanted,
                             sluice_weights_layout *layout,
                             enum sl_layout_source *source, sluice_diag *why);

#endif

/*
 * What a model consists of.
 *
 * Threads: the thread that builds it; constant while pipelines run.
 */
#ifndef SL_NN_MODEL_MODEL_DATA_H
#define SL_NN_MODEL_MODEL_DATA_H

#include <sluice/memory.h>
#include <sluice/shape.h>

#include "nn/layers/composite.h"
#include "nn/model/skips.h"

struct sluice_model {
    const sluice_allocator *allocator;
    sluice_shape input;
    sluice_element input_type;
    struct sl_layer_list layers;
    struct sl_skip_list skips;
    struct sl_layer *open; /* the innermost composite under way; in no list */
    int n_inside;          /* layers inside composites so far */
    int64_t n_parameters;  /* elements */
};

#endif

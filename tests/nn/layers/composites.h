/*
 * Composite layers for tests, each described once: for the model that builds
 * it, and for its twin.
 */
#ifndef SL_TEST_COMPOSITES_H
#define SL_TEST_COMPOSITES_H

#include "nn/model/model.h"
#include "nn/twin.h"

enum { composites_in = 5 };

/* Layers that give out as many elements as they take; NULL ends the list. */
extern const struct twin_part *const composites_residual[];

/* Layers that do not. */
extern const struct twin_part composites_narrowing[];

/* A model with one layer: the composite of these parts. */
sluice_model *composites_make(const sluice_layer_ops *ops,
                              const struct twin_part *parts);

#endif

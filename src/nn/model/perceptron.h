/* The short form of a model's text: "784-256-res(64-256)x3-10:tanh". */
#ifndef SL_NN_MODEL_PERCEPTRON_H
#define SL_NN_MODEL_PERCEPTRON_H

#include <stdint.h>

#include <sluice/model.h>

/*
 * sluice_model_parse() of the short form.  A text that begins with '-' has
 * `input` elements before it, if that is not 0.
 */
sluice_status sl_perceptron_parse(const char *text, int64_t input,
                                  const sluice_allocator *allocator,
                                  sluice_model **out, sluice_diag *why);

#endif

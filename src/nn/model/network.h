/* The long form of a model's text: "input(784); linear(10)". */
#ifndef SL_NN_MODEL_NETWORK_H
#define SL_NN_MODEL_NETWORK_H

#include <stdbool.h>

#include <sluice/model.h>

/* Whether a text is in the long form: it begins with a letter. */
bool sl_network_is(const char *text);

/*
 * sluice_model_parse() of the long form.  A text without input() has `input`,
 * if that is not NULL.
 */
sluice_status sl_network_parse(const char *text, const sluice_shape *input,
                               const sluice_allocator *allocator,
                               sluice_model **out, sluice_diag *why);

#endif

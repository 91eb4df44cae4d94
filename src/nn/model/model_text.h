/*
 * A model's text while it is read, for the parsers of both forms: perceptron.h
 * and network.h.
 *
 * Threads: the thread that builds the model.
 */
#ifndef SL_NN_MODEL_MODEL_TEXT_H
#define SL_NN_MODEL_MODEL_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/status.h>

#include "base/text/option_value.h"

struct sl_model_text {
    const char *text; /* the whole */
    const char *at;   /* how far it is read */
    sluice_diag *why;
};

extern const char sl_size_text[]; /* what sl_text_number() expects of a size */

/* The sentence for a text that is not understood: what was expected, and at
 * which position.  Returns SLUICE_INVALID. */
sluice_status sl_text_refuse(const struct sl_model_text *in,
                             const char *expected);

/* Step over `c` if it is next. */
bool sl_text_skip(struct sl_model_text *in, char c);

/* Letters, and characters of an option's value; those of a name are told by
 * sl_is_name_char(). */
bool sl_is_letter(char c);
bool sl_is_value_char(char c);

void sl_text_skip_blanks(struct sl_model_text *in);

/* Step over `c` and the blanks around it, if it is next. */
bool sl_text_take(struct sl_model_text *in, char c);

/* The characters from here on of which `is` is true, maybe none. */
struct sl_span sl_text_span(struct sl_model_text *in, bool (*is)(char c));

/*
 * A number from 1 to `max`.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID with `expected`.
 */
sluice_status sl_text_number(struct sl_model_text *in, int64_t max,
                             const char *expected, int64_t *out);

/* "x4" is 4, nothing is 1.  Returns SLUICE_OK, SLUICE_INVALID. */
sluice_status sl_text_times(struct sl_model_text *in, int64_t *times);

#endif

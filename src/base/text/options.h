/* Options by pieces of a text, for parsers of larger texts. */
#ifndef SL_BASE_TEXT_OPTIONS_H
#define SL_BASE_TEXT_OPTIONS_H

#include <stdint.h>

#include <sluice/options.h>

#include "base/text/option_value.h"

/*
 * The option of that name or short name, `given` of it marked.
 *
 * Shapes   given is a bit for each option of the table.
 * Returns  SLUICE_OK; SLUICE_INVALID if there is no such option, or if it is
 *          marked already.
 */
sluice_status sl_option_name(const sluice_option_table *table,
                             struct sl_span name, uint64_t *given,
                             const sluice_option **option, sluice_diag *why);

/* Whether each required option is marked.  Returns SLUICE_OK, SLUICE_INVALID.
 */
sluice_status sl_options_complete(const sluice_option_table *table,
                                  uint64_t given, sluice_diag *why);

/*
 * Whether each number of a config, which a program may have written in C, lies
 * in the bounds of its option; NaN does not.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID with the first one that does not, and
 *          for no config at all (NULL).
 */
sluice_status sl_options_check(const sluice_option_table *table,
                               const void *config, sluice_diag *why);

/* Whether this is its name or short name; '_' is as good as '-'. */
bool sl_option_is(const sluice_option *option, struct sl_span name);

#endif

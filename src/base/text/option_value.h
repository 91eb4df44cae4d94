/* The value of an option, in its config and as text. */
#ifndef SL_BASE_TEXT_OPTION_VALUE_H
#define SL_BASE_TEXT_OPTION_VALUE_H

#include <stdbool.h>
#include <stddef.h>

#include <sluice/options.h>

enum { SL_OPTION_VALUE = 64 }; /* bytes of a value, terminating 0 included */

/* A part of a text. */
struct sl_span {
    const char *at;
    size_t n;
};

/* Write a number that the field can hold. */
void sl_option_put(const sluice_option *option, double value, void *config);

/* Whether two configs have the same value. */
bool sl_option_equal(const sluice_option *option, const void *a, const void *b);

/* Whether the value is what sluice_options_preset() makes it. */
bool sl_option_is_preset(const sluice_option *option, const void *config);

/*
 * sluice_option_set() of a value that is part of a text; `value.at` NULL stands
 * for "true".
 *
 * Returns  as the function above.
 */
sluice_status sl_option_value(const sluice_option_table *table,
                              const sluice_option *option, struct sl_span value,
                              void *config, sluice_diag *why);

/*
 * Whether the number of a config lies in the bounds of its option.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID with value and bounds.
 */
sluice_status sl_option_check(const sluice_option_table *table,
                              const sluice_option *option, const void *config,
                              sluice_diag *why);

/* Whether `c` may stand in a name: one of [A-Za-z0-9_]. */
bool sl_is_name_char(char c);

/* How many bytes of a span a sentence quotes, for "%.*s". */
int sl_shown(struct sl_span span);

#endif

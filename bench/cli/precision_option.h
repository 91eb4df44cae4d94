/* The option --precision: of the operands of matrix products. */
#ifndef BENCH_CLI_PRECISION_OPTION_H
#define BENCH_CLI_PRECISION_OPTION_H

#include "bench/cli/option.h"

/* A name of sluice_precision_name(); the value is a const char *, NULL for the
 * library's default.  Whether backend and processor have it is told when a
 * pipeline is created. */
extern const struct option_type precision_name;

/* Its help, for an option_row's `tell`. */
void precision_option_tell(const struct option_row *option,
                           char help[OPTION_HELP]);

/* The name that a value stands for. */
const char *precision_option_name(const char *value);

#endif

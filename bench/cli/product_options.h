/* The options --gemm and --precision: which library makes matrix products, and
 * what their operands are rounded to. */
#ifndef BENCH_CLI_PRODUCT_OPTIONS_H
#define BENCH_CLI_PRODUCT_OPTIONS_H

#include "bench/cli/option.h"

/* A name of sluice_gemm_name() that this build of the library has, and one of
 * sluice_precision_name(); the value is a const char *, NULL for the library's
 * default. */
extern const struct option_type gemm_name;
extern const struct option_type precision_name;

/* Their help, for an option_row's `tell`. */
void gemm_option_tell(const struct option_row *option, char help[OPTION_HELP]);
void precision_option_tell(const struct option_row *option,
                           char help[OPTION_HELP]);

/* The name that a value stands for. */
const char *gemm_option_name(const char *value);
const char *precision_option_name(const char *value);

#endif

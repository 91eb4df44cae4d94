/* The option --gemm: which library makes matrix products. */
#ifndef BENCH_CLI_GEMM_OPTION_H
#define BENCH_CLI_GEMM_OPTION_H

#include "bench/cli/option.h"

/* A name of sluice_gemm_name() that this build of the library has; the value is
 * a const char *, NULL for the library's default. */
extern const struct option_type gemm_name;

/* Its help, for an option_row's `tell`. */
void gemm_option_tell(const struct option_row *option, char help[OPTION_HELP]);

/* The name that a value stands for. */
const char *gemm_option_name(const char *value);

#endif

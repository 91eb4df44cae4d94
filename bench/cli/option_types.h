/* The kinds of values that options have. */
#ifndef BENCH_CLI_OPTION_TYPES_H
#define BENCH_CLI_OPTION_TYPES_H

#include "bench/cli/option.h"

extern const struct option_type option_flag;    /* bool */
extern const struct option_type option_text;    /* const char *, not copied */
extern const struct option_type option_integer; /* int, in bounds */
extern const struct option_type option_long;    /* int64_t, uint64_t */
extern const struct option_type option_real;    /* double, in bounds */
extern const struct option_type option_time;    /* int64_t, ns; not 0 */
extern const struct option_type option_bytes;   /* uint64_t, at least `least` */
extern const struct option_type option_list;    /* struct range, in bounds */
extern const struct option_type option_word;    /* int, one of `choices` */
extern const struct option_type option_words;   /* struct range of those */

#endif

/* Names of schedules on a command line: of generators, of files, `auto`. */
#ifndef BENCH_ORDER_SCHEDULE_NAMES_H
#define BENCH_ORDER_SCHEDULE_NAMES_H

#include <stdbool.h>

#include <sluice/status.h>

#include "bench/cli/option.h"

/* const char *: a generator, SCHEDULE_AUTO, or the path of a file. */
extern const struct option_type schedule_name;

/* Whether a name can only be that of a file: no generator's, and with a dot or
 * a slash in it. */
bool schedule_is_file(const char *name);

/* Whether a generator has the name; NULL is the library's default. */
bool schedule_is_generated(const char *name);

/* Refuse a name that is none of the three.  Returns SLUICE_OK,
 * SLUICE_INVALID. */
sluice_status schedule_check_name(const char *name, sluice_diag *why);

#endif

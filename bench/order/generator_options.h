/* Generators on a command line, as the library's rows tell of them. */
#ifndef BENCH_ORDER_GENERATOR_OPTIONS_H
#define BENCH_ORDER_GENERATOR_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include <sluice/schedule.h>

#include "bench/cli/option.h"

/* The name of the schedule that is searched for, which is no generator's. */
#define SCHEDULE_AUTO "auto"

/* The index of a generator; -1 if none is called so. */
int generator_find(const char *name);

/* "gpipe, 1f1b, ...". */
void generator_names(char *text, size_t bytes);

/* As of an option whose name is that of a generator's option: what it is to
 * which generators, and its standard. */
void generator_option_tell(const struct option_row *option,
                           char help[OPTION_HELP]);

/* The value of a number that was not given; SLUICE_OPTION_DEVICES: K. */
int generator_standard(const char *generator, const char *option);

/* Whether a generator, or the search, reads the option of that name. */
bool generator_reads(const char *generator, const char *option);

/* SLUICE_INVALID, with a sentence that names the generators which read what
 * `schedule` does not. */
sluice_status generator_refuse_option(const char *schedule, const char *option,
                                      sluice_diag *why);

#endif

/*
 * Commands of a program, `sluice train ...`, as rows of a table.  A new one is
 * a folder with a `const struct command`, its file named in CMakeLists.txt, and
 * a row in sluice.c or sluice_bench.c.
 */
#ifndef BENCH_CLI_COMMAND_H
#define BENCH_CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sluice/status.h>

#include "bench/cli/option.h"

struct command {
    const char *name;
    const char *does;  /* one line */
    const char *doc;   /* of --help: before the options, and after a \v */
    const char *words; /* what may stand besides options, "NAME"; NULL: none */
    const struct option_group *groups; /* ended by one without options */
    size_t config_bytes;               /* all zero, then filled by options */

    /* Take a word that is no option; NULL: there are none. */
    sluice_status (*take)(void *config, const char *word, sluice_diag *why);

    /* Refuse, or settle, what was given: the rest is still zero; NULL: no need
     * to. */
    sluice_status (*check)(void *config, sluice_diag *why);

    /* The same once the standards are in place of what was not given. */
    sluice_status (*settle)(void *config, sluice_diag *why);

    /* Started as several processes it runs in all of them together; the others
     * refuse that. */
    bool joins;

    /* Do it.  `called` is "sluice train".  Returns the exit status. */
    int (*run)(const char *called, void *config);
};

/*
 * Print why a call failed, and where, to stderr; what the sentence says itself
 * is not said again.
 *
 * Returns  EXIT_FAILURE, so that a command can `return command_fail(...)`.
 */
int command_fail(const char *called, const sluice_diag *why);

/* The same of a file or a schedule, whose name comes first, once. */
int command_fail_about(const char *called, const char *about,
                       const sluice_diag *why);

/*
 * The end of a measurement: print why it failed, or how many parameters were
 * wrong, if it did or any were.
 *
 * Returns  the exit status.
 */
int command_finish(const char *called, sluice_status status,
                   const sluice_diag *why, int64_t wrong);

#endif

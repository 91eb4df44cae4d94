/* A program and its commands, as a table. */
#ifndef BENCH_CLI_PROGRAM_TABLE_H
#define BENCH_CLI_PROGRAM_TABLE_H

#include "bench/cli/command.h"

struct program {
    const char *name;
    const char *doc;                       /* one paragraph of --help */
    const struct command *const *commands; /* ended by NULL */
    const struct command *bare; /* what it does without arguments; NULL: a
                                   command is needed */
};

/* Declare, or list, the command of a row X(NAME). */
#define PROGRAM_DECLARE(name) extern const struct command name##_command;
#define PROGRAM_LIST(name)    &name##_command,

#endif

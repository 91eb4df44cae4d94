/* A program of several commands. */
#ifndef BENCH_CLI_DISPATCH_H
#define BENCH_CLI_DISPATCH_H

#include "bench/cli/command.h"

struct program {
    const char *name;
    const char *doc;                       /* one paragraph of --help */
    const struct command *const *commands; /* ended by NULL */
    const struct command *bare; /* what it does without arguments; NULL: a
                                   command is needed */
};

/*
 * Run the command that the command line names; --help and --version belong to
 * the program.  Output that could not be written is told when the program
 * ends, by a sentence and EXIT_FAILURE unless it failed anyway.
 *
 * Threads  the main thread, once.
 * Returns  the exit status; 2 if there is no such command.
 */
int program_run(const struct program *program, int argc, char **argv);

/* Declare, or list, the command of a row X(NAME). */
#define PROGRAM_DECLARE(name) extern const struct command name##_command;
#define PROGRAM_LIST(name)    &name##_command,

#endif

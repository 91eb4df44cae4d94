/* A program of several commands: `sluice train ...`. */
#ifndef BENCH_CLI_COMMAND_H
#define BENCH_CLI_COMMAND_H

#include <stdint.h>

#include <sluice/status.h>

struct command {
    const char *name;                  /* NULL ends a table */
    const char *does;                  /* one line */
    int (*run)(int argc, char **argv); /* returns the exit status; argv[0] is
                                          "sluice train" */
};

struct program {
    const char *name;
    const char *doc; /* one paragraph of --help */
    const struct command *commands;
    int (*bare)(void); /* runs without arguments; NULL: a command is needed */
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

/*
 * Print why a call failed, and where, to stderr; what the sentence says itself
 * is not said again.
 *
 * Returns  EXIT_FAILURE, so that a command can `return command_fail(...)`.
 */
int command_fail(const char *command, const sluice_diag *why);

/* The same of a file or a schedule, whose name comes first, once. */
int command_fail_about(const char *command, const char *about,
                       const sluice_diag *why);

/*
 * The end of a measurement: print why it failed, or how many parameters were
 * wrong, if it did or any were.
 *
 * Returns  the exit status.
 */
int command_finish(const char *command, sluice_status status,
                   const sluice_diag *why, int64_t wrong);

#endif

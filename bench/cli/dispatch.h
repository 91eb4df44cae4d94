/* Running a program of several commands. */
#ifndef BENCH_CLI_DISPATCH_H
#define BENCH_CLI_DISPATCH_H

#include "bench/cli/program_table.h"

/*
 * Run the command that the command line names; --help and --version belong to
 * the program.  Output that could not be written is told when the program
 * ends, by a sentence and EXIT_FAILURE unless it failed anyway.
 *
 * Threads  the main thread, once.
 * Returns  the exit status; 2 if there is no such command.
 */
int program_run(const struct program *program, int argc, char **argv);

#endif

/* What is installed beside a program, and follows from its tables. */
#ifndef BENCH_CLI_PAPER_PAPER_H
#define BENCH_CLI_PAPER_PAPER_H

#include "bench/cli/program_table.h"

/*
 * Write into the directory: PROGRAM.1 and PROGRAM-COMMAND.1, pages for man, and
 * PROGRAM.bash, a script for bash.
 *
 * Returns  the exit status; an error is told on stderr.
 */
int paper_write(const struct program *program, const char *directory);

#endif

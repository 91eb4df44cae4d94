/* Manual pages of a program and its commands, from the tables of options. */
#ifndef BENCH_CLI_PAPER_MANUAL_H
#define BENCH_CLI_PAPER_MANUAL_H

#include <stdio.h>

#include "bench/cli/program_table.h"

/* Write the page of the program, which lists its commands. */
void manual_program(FILE *out, const struct program *program);

/* Write the page of a command: what --help says, in the language of man(7). */
void manual_command(FILE *out, const struct program *program,
                    const struct command *command);

#endif

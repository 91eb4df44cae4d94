/* Completion of a program's command line in bash, from the tables of options.
 */
#ifndef BENCH_CLI_PAPER_COMPLETION_H
#define BENCH_CLI_PAPER_COMPLETION_H

#include <stdio.h>

#include "bench/cli/program_table.h"

/*
 * Write a script for bash: it completes commands, options, the words of an
 * option that takes one of a few, and otherwise names of files.
 */
void completion_write(FILE *out, const struct program *program);

#endif

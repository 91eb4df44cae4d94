/* The command line of a command, by the rows of its options. */
#ifndef BENCH_CLI_COMMAND_LINE_H
#define BENCH_CLI_COMMAND_LINE_H

#include <argp.h>

#include "bench/cli/command.h"

enum {
    COMMAND_OPTIONS = 96,  /* of one command, at most: more are an assert */
    COMMAND_LINE_EXIT = 2, /* of a command line that is not valid */
};

/*
 * Read a command line into `config`, which is all zero: what is given, then the
 * standards.  Ends the program with a sentence if it is not valid, or if
 * there is no memory, and after --help.
 *
 * Threads  the main thread.
 */
void command_line_read(const struct command *command, int argc, char **argv,
                       void *config);

/*
 * argp_parse(), which ends the program if a word is not valid.  It has one
 * result besides, out of memory: this ends the program with a sentence, too.
 */
void command_line_parse(const struct argp *argp, int argc, char **argv,
                        unsigned flags, void *input);

#endif

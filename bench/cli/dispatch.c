/* A program of several commands.  The main thread. */
#include "bench/cli/dispatch.h"

#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sluice/version.h>

#include "bench/cli/command_line.h"
#include "bench/cli/paper/paper.h"
#include "bench/world/joined.h"
#include "bench/world/launched.h"
#include "bench/commit.h"

enum { TEXT_BYTES = 1024, KEY_PAPER = 0x100 };

struct line {
    const struct program *program;
    int first; /* index of the command's name in argv; 0: there is none */
    const char *paper; /* where manual pages and completion go; NULL: nowhere */
};

/* Append "  train      Train a network" for each command. */
static void list_commands(const struct program *program, char *text,
                          size_t bytes)
{
    for (const struct command *const *c = program->commands; *c; c++) {
        size_t n = strlen(text);
        snprintf(text + n, bytes - n, "  %-10s %s\n", (*c)->name, (*c)->does);
    }
}

static error_t parse_line(int key, char *arg, struct argp_state *state)
{
    struct line *line = state->input;
    switch (key) {
    case KEY_PAPER:
        line->paper = arg;
        return 0;
    case ARGP_KEY_ARG:
        line->first = state->next - 1;
        state->next = state->argc;
        return 0;
    case ARGP_KEY_NO_ARGS:
        if (!line->program->bare && !line->paper)
            argp_usage(state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* Run a command as `called`; the words are its arguments. */
static int run_command(const struct command *command, char *called, int argc,
                       char **argv)
{
    if (!command->joins && launched_with_others()) {
        fprintf(stderr, "%s: it runs in one process, start it without mpirun\n",
                called);
        return COMMAND_LINE_EXIT;
    }
    void *config = calloc(1, command->config_bytes + 1);
    if (!config) {
        fprintf(stderr, "%s: out of memory for the options\n", called);
        return EXIT_FAILURE;
    }
    argv[0] = called;
    command_line_read(command, argc, argv, config);
    int status = command->run(called, config);
    free(config);
    return status;
}

static int run_named(const struct program *program, int argc, char **argv)
{
    char text[TEXT_BYTES] = "";
    for (const struct command *const *c = program->commands; *c; c++)
        if (!strcmp((*c)->name, argv[0])) {
            snprintf(text, sizeof text, "%s %s", program->name, (*c)->name);
            return run_command(*c, text, argc, argv);
        }
    list_commands(program, text, sizeof text);
    fprintf(stderr, "%s: \"%s\" is not a command; the commands are\n%s",
            program->name, argv[0], text);
    return COMMAND_LINE_EXIT;
}

/* Run what the program does without arguments. */
static int run_bare(const struct program *program)
{
    char text[TEXT_BYTES];
    char *argv[] = {text, NULL};
    snprintf(text, sizeof text, "%s", program->name);
    return run_command(program->bare, text, 1, argv);
}

/* A full disk is told at the very end, because argp, too, may end the program:
 * after --help and --version.  So are the other processes, that this one has
 * refused its words. */
static void check_output(int status, void *context)
{
    const struct program *program = context;
    bool failed = fflush(stdout) || ferror(stdout);
    joined_refuse(status);
    if (!failed)
        return;
    fprintf(stderr, "%s: the output could not be written: %s\n", program->name,
            strerror(errno));
    _exit(status ? status : EXIT_FAILURE);
}

int program_run(const struct program *program, int argc, char **argv)
{
    char doc[TEXT_BYTES];
    snprintf(doc, sizeof doc, "%s\vCommands:\n", program->doc);
    list_commands(program, doc, sizeof doc);
    size_t n = strlen(doc);
    snprintf(doc + n, sizeof doc - n, "\n`%s COMMAND --help' tells more.",
             program->name);
    /* For the build, which installs what it writes. */
    static const struct argp_option options[] = {
        {"write-paper", KEY_PAPER, "DIR", OPTION_HIDDEN, NULL, 0}, {0}};
    const struct argp argp = {
        .options = options,
        .parser = parse_line,
        .args_doc =
            program->bare ? "[COMMAND [OPTION...]]" : "COMMAND [OPTION...]",
        .doc = doc,
    };
    struct line line = {.program = program};
    launched_hush();
    on_exit(check_output, (void *)(uintptr_t)program);
    char version[TEXT_BYTES];
    snprintf(version, sizeof version, "%s %s (%s)", program->name,
             sluice_version(), BENCH_COMMIT);
    argp_err_exit_status = COMMAND_LINE_EXIT;
    argp_program_version = version;
    command_line_parse(&argp, argc, argv, ARGP_IN_ORDER, &line);
    int status = line.paper ? paper_write(program, line.paper)
                 : line.first
                     ? run_named(program, argc - line.first, argv + line.first)
                     : run_bare(program);
    argp_program_version = NULL;
    return status;
}

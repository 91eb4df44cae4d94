/* A program of several commands.  The main thread. */
#include "bench/cli/command.h"

#include <argp.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sluice/version.h>

#include "bench/commit.h"
#include "bench/cli/option.h"

enum { TEXT_BYTES = 1024, NAME_BYTES = 64 };

struct line {
    const struct program *program;
    int first; /* index of the command's name in argv; 0: there is none */
};

/* Append "  train      Train a network" for each command. */
static void list_commands(const struct program *program, char *text,
                          size_t bytes)
{
    for (const struct command *c = program->commands; c->name; c++) {
        size_t n = strlen(text);
        snprintf(text + n, bytes - n, "  %-10s %s\n", c->name, c->does);
    }
}

static error_t parse_line(int key, char *arg, struct argp_state *state)
{
    struct line *line = state->input;
    (void)arg;
    switch (key) {
    case ARGP_KEY_ARG:
        line->first = state->next - 1;
        state->next = state->argc;
        return 0;
    case ARGP_KEY_NO_ARGS:
        if (!line->program->bare)
            argp_usage(state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int run_command(const struct program *program, int argc, char **argv)
{
    for (const struct command *c = program->commands; c->name; c++)
        if (!strcmp(c->name, argv[0])) {
            char name[NAME_BYTES];
            snprintf(name, sizeof name, "%s %s", program->name, c->name);
            argv[0] = name;
            return c->run(argc, argv);
        }
    char list[TEXT_BYTES] = "";
    list_commands(program, list, sizeof list);
    fprintf(stderr, "%s: \"%s\" is not a command; the commands are\n%s",
            program->name, argv[0], list);
    return OPTION_EXIT;
}

/* A full disk is told at the very end, whoever ends the program: argp does so
 * after --help and --version. */
static void check_output(int status, void *context)
{
    const struct program *program = context;
    if (!fflush(stdout) && !ferror(stdout))
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
    const struct argp argp = {
        .parser = parse_line,
        .args_doc =
            program->bare ? "[COMMAND [OPTION...]]" : "COMMAND [OPTION...]",
        .doc = doc,
    };
    struct line line = {.program = program};
    on_exit(check_output, (void *)(uintptr_t)program);
    char version[TEXT_BYTES];
    snprintf(version, sizeof version, "%s %s (%s)", program->name,
             sluice_version(), BENCH_COMMIT);
    argp_err_exit_status = OPTION_EXIT;
    argp_program_version = version;
    option_parse(&argp, argc, argv, ARGP_IN_ORDER, &line);
    int status =
        line.first ? run_command(program, argc - line.first, argv + line.first)
                   : program->bare();
    argp_program_version = NULL;
    return status;
}

/* Whether a text has a word, or words, whole. */
static bool has_words(const char *text, const char *words)
{
    size_t n = strlen(words);
    for (const char *at = text; (at = strstr(at, words)); at++)
        if ((at == text || !isalnum((unsigned char)at[-1])) &&
            !isalnum((unsigned char)at[n]))
            return true;
    return false;
}

/* The coordinates that the sentence does not tell itself. */
static void print_place(const sluice_diag *why, FILE *out)
{
    char device[NAME_BYTES];
    snprintf(device, sizeof device, "device %d", why->device);
    bool told = has_words(why->text, device) &&
                (!why->action[0] || has_words(why->text, why->action));
    if (why->device >= 0 && !told)
        fprintf(out, " (%s%s%s)", device, why->action[0] ? ", action " : "",
                why->action);
}

int command_fail(const char *command, const sluice_diag *why)
{
    return command_fail_about(command, "", why);
}

int command_fail_about(const char *command, const char *about,
                       const sluice_diag *why)
{
    bool told = !strncmp(why->text, about, strlen(about));
    fprintf(stderr, "%s: %s%s%s", command, told ? "" : about, told ? "" : ": ",
            why->text);
    print_place(why, stderr);
    fprintf(stderr, "\n");
    return EXIT_FAILURE;
}

int command_finish(const char *command, sluice_status status,
                   const sluice_diag *why, int64_t wrong)
{
    if (status)
        return command_fail(command, why);
    if (!wrong)
        return EXIT_SUCCESS;
    fprintf(stderr,
            "%s: %" PRId64 " parameters differ from the sequential reference\n",
            command, wrong);
    return EXIT_FAILURE;
}

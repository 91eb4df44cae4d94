/* Manual pages and completion as files.  The main thread. */
#include "bench/cli/paper/paper.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cli/paper/completion.h"
#include "bench/cli/paper/manual.h"

enum { PATH_BYTES = 4096 };

/* Open DIRECTORY/NAME; NULL after an error that was told. */
static FILE *open_file(const struct program *program, const char *directory,
                       const char *name, char path[PATH_BYTES])
{
    int n = snprintf(path, PATH_BYTES, "%s/%s", directory, name);
    FILE *out = n < PATH_BYTES ? fopen(path, "w") : NULL;
    if (!out)
        fprintf(stderr, "%s: %s: cannot be written: %s\n", program->name, path,
                n < PATH_BYTES ? strerror(errno) : "the name is too long");
    return out;
}

static int close_file(const struct program *program, FILE *out,
                      const char *path)
{
    bool failed = ferror(out);
    if (!fclose(out) && !failed)
        return EXIT_SUCCESS;
    fprintf(stderr, "%s: %s: cannot be written\n", program->name, path);
    return EXIT_FAILURE;
}

/* The page of a command; NULL: of the program. */
static int write_page(const struct program *program,
                      const struct command *command, const char *directory)
{
    char name[256], path[PATH_BYTES];
    snprintf(name, sizeof name, "%s%s%s.1", program->name, command ? "-" : "",
             command ? command->name : "");
    FILE *out = open_file(program, directory, name, path);
    if (!out)
        return EXIT_FAILURE;
    if (command)
        manual_command(out, program, command);
    else
        manual_program(out, program);
    return close_file(program, out, path);
}

int paper_write(const struct program *program, const char *directory)
{
    char name[256], path[PATH_BYTES];
    int status = write_page(program, NULL, directory);
    for (const struct command *const *c = program->commands; *c && !status; c++)
        status = write_page(program, *c, directory);
    if (status)
        return status;
    snprintf(name, sizeof name, "%s.bash", program->name);
    FILE *out = open_file(program, directory, name, path);
    if (!out)
        return EXIT_FAILURE;
    completion_write(out, program);
    return close_file(program, out, path);
}

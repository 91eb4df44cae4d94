/*
 * Options of a command as rows of a table.  A row says what an option is
 * called, what may be given, what it is if nothing is given, and where in the
 * command's config the value goes; parser, help, and the context of tables
 * follow from it.
 */
#ifndef BENCH_CLI_OPTION_H
#define BENCH_CLI_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sluice/status.h>

#include "bench/cli/choice.h"
#include "bench/output/table.h"

enum { OPTION_HELP = 512 }; /* bytes of one option's help */

struct option_row {
    const char *name;     /* "devices"; NULL ends a table */
    int key;              /* 'k': -k does it, too; 0: the long name alone */
    const char *argument; /* "K", in help; NULL: it is a flag */

    /* "Devices".  {standard} and {choices} are filled in; a standard that is
     * not in it stands behind, in parentheses. */
    const char *help;

    const struct option_type *type; /* see option_types.h */
    size_t offset;                  /* of the value in the group's struct */
    int64_t least;                  /* bounds of a number */
    int64_t most;
    const struct choice *choices; /* of a word */
    int shows;                    /* of a format, an enum table_shows */
    const char *standard;         /* what it is if not given; NULL: zero */
    const char *small;            /* the same in a small run; NULL: standard */
    bool makes_small;             /* this flag asks for a small run */
    const char *context;          /* its field in tables; NULL: none */

    /* Write the help, in place of `help`; NULL: no need to. */
    void (*tell)(const struct option_row *option, char help[OPTION_HELP]);
};

/* What is done with values of a kind. */
struct option_type {
    sluice_status (*read)(const struct option_row *option, const char *text,
                          void *value, sluice_diag *why);
    void (*show)(const struct option_row *option, const void *value,
                 struct table_fields *fields); /* as context; NULL: never */
};

/* Options of one struct, which may be part of a command's config. */
struct option_group {
    const char *title;                /* in help; NULL: none */
    const struct option_row *options; /* NULL ends a table */
    size_t offset;                    /* of the struct in the config */
    bool continues;                   /* in help, the group before this */

    /* Why an option that was given has no effect, as the end of a sentence that
     * begins with its name, "needs --run"; NULL: it has one.  `config` is that
     * of the command, checked.  NULL: all have. */
    const char *(*needs)(const void *config, const struct option_row *option);

    /* Refuse values that do not go together; NULL: all do. */
    sluice_status (*check)(const void *values, sluice_diag *why);
};

/*
 * Read the value of an option into the struct of its group.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID with a sentence, without the name.
 */
sluice_status option_read(const struct option_row *option, const char *text,
                          void *values, sluice_diag *why);

/* Write its help. */
void option_help(const struct option_row *option, char help[OPTION_HELP]);

/* Add to the context of a table those of `options` that have a field there. */
void option_context(const struct option_row *options, const void *values,
                    struct table_fields *fields);

#endif

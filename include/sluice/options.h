/*
 * Options: the fields of a config struct under names, so that a text can set
 * them and a program can list them.
 *
 * A layer, a loss and an optimizer each come with a table of options.  From it
 * the library makes the model text, texts like "sgd:lr=0.1,momentum=0.9", help
 * and error sentences.  For layers, losses and optimizers of your own a table
 * is optional: without one, a program sets their config in C.
 */
#ifndef SLUICE_OPTIONS_H
#define SLUICE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sluice/export.h>
#include <sluice/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum sluice_option_type {
    SLUICE_OPTION_INTEGER, /* an int, int32_t or int64_t */
    SLUICE_OPTION_REAL,    /* a float or a double */
    SLUICE_OPTION_CHOICE,  /* an int or an enum, one of a few words */
    SLUICE_OPTION_FLAG,    /* a bool: its name alone sets it */
    SLUICE_OPTION_NAME,    /* a char[bytes]: letters, digits and "_" */
    SLUICE_OPTION_PATTERN, /* a char[bytes]: also ".", "*" and "+" */
} sluice_option_type;

typedef struct sluice_option {
    const char *name;       /* "weight-decay"; a text may write '_' for '-' */
    const char *short_name; /* "decay"; NULL: none */
    const char *help;       /* one line, without a full stop at its end */
    sluice_option_type type;
    size_t offset;  /* of the field in the config */
    size_t bytes;   /* of the field */
    bool required;  /* has no default: a text must set it */
    double preset;  /* the default in a text; a config in C starts from zero */
    double min;     /* of INTEGER and REAL: the least value allowed */
    double max;     /* ... and the largest */
    bool above_min; /* min itself is not allowed */
    bool below_max; /* max itself is not allowed */
    const char *(*choice)(int value); /* of CHOICE: the word for a value from 0;
                                         NULL past the last */
} sluice_option;

/* The options of one thing, `owner` being its name: "sgd". */
typedef struct sluice_option_table {
    const char *owner;
    const sluice_option *options; /* options[n_options] */
    int n_options;
} sluice_option_table;

enum { SLUICE_OPTIONS_MAX = 64 }; /* of a table that texts can set */

/* Room for the config of a row of the library's tables. */
enum { SLUICE_CONFIG_BYTES = 128 };
typedef union sluice_config_room {
    unsigned char bytes[SLUICE_CONFIG_BYTES];
    double real; /* the strictest alignment among the fields of a config */
    int64_t integer;
    const void *pointer;
} sluice_config_room;

/*
 * Give each option of `config` its default, 0 if it is required.
 *
 * Threads  any, as for all functions here.
 */
SLUICE_API void sluice_options_preset(const sluice_option_table *table,
                                      void *config);

/*
 * The value of one option as a number: 0 or 1 of a flag, the position of a
 * choice, the length of a name or pattern.
 */
SLUICE_API double sluice_option_get(const sluice_option *option,
                                    const void *config);

/*
 * The option of that name or short name; NULL if there is none.
 */
SLUICE_API const sluice_option *
sluice_option_find(const sluice_option_table *table, const char *name);

/*
 * Set the option `name` from the text of its value: "0.9", "relu"; "true" or
 * "false" of a flag, NULL for "true".
 *
 * Returns  SLUICE_OK; SLUICE_INVALID, and `config` is unchanged: for an unknown
 *          name with the list of options, for a value that is not allowed with
 *          the bounds or words.
 */
SLUICE_API sluice_status sluice_option_set(const sluice_option_table *table,
                                           const char *name, const char *value,
                                           void *config, sluice_diag *why);

/*
 * Give each option its default, then set those of a text: "lr=0.1,nesterov".
 * NULL or "" sets none.
 *
 * Returns  as sluice_option_set(), and SLUICE_INVALID if an option is set
 *          twice, a required one is missing, or the table has more than
 *          SLUICE_OPTIONS_MAX options.  After an error `config` is undefined.
 */
SLUICE_API sluice_status sluice_options_parse(const sluice_option_table *table,
                                              const char *text, void *config,
                                              sluice_diag *why);

/*
 * Write the value of an option as text that sluice_option_set() takes: the
 * shortest text that gives the same bits.  At most `size` bytes are written to
 * `text`, terminating 0 included.
 *
 * Returns  the length of the whole, as snprintf().
 */
SLUICE_API size_t sluice_option_print(const sluice_option *option,
                                      const void *config, char *text,
                                      size_t size);

/*
 * All options that differ from their defaults, as sluice_options_parse() takes
 * them: "lr=0.1,nesterov"; "" if none does.
 *
 * Returns  as sluice_option_print().
 */
SLUICE_API size_t sluice_options_print(const sluice_option_table *table,
                                       const void *config, char *text,
                                       size_t size);

#ifdef __cplusplus
}
#endif

#endif

/*
 * From rows of options to argp's tables, and from words to values.  Options are
 * read in the order of the words; then the command checks what was given, and
 * the standards fill in the rest.  The main thread.
 */
#include "bench/cli/command_line.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_KEY = 0x100, LABEL_BYTES = 64 };

/* An option of the command, and what became of it. */
struct slot {
    const struct option_row *option;
    const struct option_group *group;
    bool given;
    char help[OPTION_HELP];
};

struct line {
    const struct command *command;
    void *config;
    bool small;
    int n_slots;
    struct slot slots[COMMAND_OPTIONS];
    struct argp_option table[2 * COMMAND_OPTIONS]; /* titles, too; ended by 0 */
};

static int key_of(const struct line *line, int i)
{
    const struct option_row *option = line->slots[i].option;
    return option->key ? option->key : FIRST_KEY + i;
}

static void *values_of(const struct line *line, const struct slot *slot)
{
    return (char *)line->config + slot->group->offset;
}

/* Rows of argp's table for a group, from `at` on; returns the end. */
static struct argp_option *add_group(struct line *line,
                                     const struct option_group *group,
                                     int number, struct argp_option *at)
{
    if (group->title)
        *at++ = (struct argp_option){.doc = group->title, .group = number};
    for (const struct option_row *o = group->options; o->name; o++) {
        assert(line->n_slots < COMMAND_OPTIONS);
        struct slot *slot = &line->slots[line->n_slots];
        *slot = (struct slot){.option = o, .group = group};
        option_help(o, slot->help);
        *at++ = (struct argp_option){
            .name = o->name,
            .key = key_of(line, line->n_slots++),
            .arg = o->argument,
            .doc = slot->help,
            .group = number,
        };
    }
    return at;
}

static void add_groups(struct line *line)
{
    struct argp_option *at = line->table;
    int number = 0;
    for (const struct option_group *g = line->command->groups; g->options;
         g++) {
        number += !g->continues;
        at = add_group(line, g, number, at);
    }
}

static struct slot *find_key(struct line *line, int key)
{
    for (int i = 0; i < line->n_slots; i++)
        if (key_of(line, i) == key)
            return &line->slots[i];
    return NULL;
}

/* An option as the command line has it: "-k", or "--devices". */
static void write_label(const struct argp_state *state, const char *arg,
                        const struct option_row *option,
                        char label[LABEL_BYTES])
{
    int at = state->next - 1; /* the last word that was read */
    if (arg && at > 1 && state->argv[at] == arg)
        at--;
    bool is_long = !option->key || !strncmp(state->argv[at], "--", 2);
    if (is_long)
        snprintf(label, LABEL_BYTES, "--%s", option->name);
    else
        snprintf(label, LABEL_BYTES, "-%c", option->key);
}

static void take_option(struct argp_state *state, struct slot *slot,
                        const char *arg)
{
    struct line *line = state->input;
    sluice_diag why;
    char label[LABEL_BYTES];
    slot->given = true;
    line->small = line->small || slot->option->makes_small;
    if (!option_read(slot->option, arg, values_of(line, slot), &why))
        return;
    write_label(state, arg, slot->option, label);
    argp_error(state, "%s: %s", label, why.text);
}

static void take_word(struct argp_state *state, const char *word)
{
    const struct line *line = state->input;
    sluice_diag why;
    if (!line->command->take)
        argp_error(state, "\"%s\" is not an option", word);
    else if (line->command->take(line->config, word, &why))
        argp_error(state, "%s", why.text);
}

static sluice_status set_standards(struct line *line, sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    for (int i = 0; i < line->n_slots && !st; i++) {
        const struct slot *slot = &line->slots[i];
        const struct option_row *o = slot->option;
        const char *standard = line->small && o->small ? o->small : o->standard;
        if (!slot->given && standard)
            st = option_read(o, standard, values_of(line, slot), why);
    }
    return st;
}

static sluice_status check_groups(const struct line *line, sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    for (const struct option_group *g = line->command->groups;
         g->options && !st; g++)
        if (g->check)
            st = g->check((char *)line->config + g->offset, why);
    return st;
}

/* No option is accepted that then has no effect. */
static sluice_status check_needs(const struct line *line, sluice_diag *why)
{
    for (int i = 0; i < line->n_slots; i++) {
        const struct slot *slot = &line->slots[i];
        const char *needs = slot->given && slot->group->needs
                                ? slot->group->needs(line->config, slot->option)
                                : NULL;
        if (needs)
            return sluice_diag_set(why, SLUICE_INVALID, "--%s %s",
                                   slot->option->name, needs);
    }
    return SLUICE_OK;
}

static void finish(struct argp_state *state)
{
    struct line *line = state->input;
    const struct command *command = line->command;
    sluice_diag why;
    sluice_status st = SLUICE_OK;
    if (command->check)
        st = command->check(line->config, &why);
    if (!st)
        st = check_needs(line, &why);
    if (!st)
        st = set_standards(line, &why);
    if (!st)
        st = check_groups(line, &why);
    if (!st && command->settle)
        st = command->settle(line->config, &why);
    if (st == SLUICE_NO_MEMORY)
        argp_failure(state, EXIT_FAILURE, 0, "%s", why.text);
    else if (st)
        argp_error(state, "%s", why.text);
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    struct slot *slot = find_key(state->input, key);
    if (slot)
        take_option(state, slot, arg);
    else if (key == ARGP_KEY_ARG)
        take_word(state, arg);
    else if (key == ARGP_KEY_END)
        finish(state);
    else
        return ARGP_ERR_UNKNOWN;
    return 0;
}

void command_line_read(const struct command *command, int argc, char **argv,
                       void *config)
{
    struct line *line = calloc(1, sizeof *line);
    if (!line) {
        fprintf(stderr, "%s: out of memory for the options\n", argv[0]);
        exit(EXIT_FAILURE);
    }
    line->command = command;
    line->config = config;
    add_groups(line);
    const struct argp argp = {
        .options = line->table,
        .parser = parse_option,
        .args_doc = command->words,
        .doc = command->doc,
    };
    command_line_parse(&argp, argc, argv, 0, line);
    free(line);
}

void command_line_parse(const struct argp *argp, int argc, char **argv,
                        unsigned flags, void *input)
{
    int failed = argp_parse(argp, argc, argv, flags, NULL, input);
    if (!failed)
        return;
    fprintf(stderr, "%s: the command line could not be read: %s\n", argv[0],
            strerror(failed));
    exit(EXIT_FAILURE);
}

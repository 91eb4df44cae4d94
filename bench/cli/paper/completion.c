/* A script for bash.  The main thread. */
#include "bench/cli/paper/completion.h"

/* "sluice-bench" as a part of a function's name. */
static void put_name(FILE *out, const char *name)
{
    fputs("_sluice_complete_", out);
    for (const char *c = name; *c; c++)
        fputc(*c == '-' ? '_' : *c, out);
}

static void put_words(FILE *out, const struct choice *choices)
{
    for (const struct choice *c = choices; c->name; c++)
        fprintf(out, "%s%s", c == choices ? "" : " ", c->name);
}

/* All options, those with an argument with a '=' behind. */
static void put_options(FILE *out, const struct command *command)
{
    fprintf(out, "    %s:-*) words=\"", command->name);
    for (const struct option_group *g = command->groups; g->options; g++)
        for (const struct option_row *o = g->options; o->name; o++)
            fprintf(out, "--%s%s ", o->name, o->argument ? "=" : "");
    fputs("--help --usage\" ;;\n", out);
}

/* The words of the options that take one of a few. */
static void put_values(FILE *out, const struct command *command)
{
    for (const struct option_group *g = command->groups; g->options; g++)
        for (const struct option_row *o = g->options; o->name; o++) {
            if (!o->choices)
                continue;
            fprintf(out, "    %s:--%s", command->name, o->name);
            if (o->key)
                fprintf(out, " | %s:-%c", command->name, o->key);
            fputs(") words=\"", out);
            put_words(out, o->choices);
            fputs("\" ;;\n", out);
        }
}

void completion_write(FILE *out, const struct program *program)
{
    fprintf(out,
            "# Completion of %s in bash; in zsh after\n"
            "# autoload -U bashcompinit && bashcompinit.\n",
            program->name);
    put_name(out, program->name);
    fputs("() {\n"
          "    local current=${COMP_WORDS[COMP_CWORD]} words=\n"
          "    local option=${COMP_WORDS[COMP_CWORD - 1]} n=$COMP_CWORD\n"
          "    # bash takes \"=\" for a word of its own.\n"
          "    if [ \"$current\" = = ]; then\n"
          "        current=\n"
          "    elif [ \"$option\" = = ]; then\n"
          "        option=${COMP_WORDS[COMP_CWORD - 2]}\n"
          "    fi\n"
          "    COMPREPLY=()\n"
          "    if [ \"$n\" -eq 1 ]; then\n"
          "        words=\"--help --version",
          out);
    for (const struct command *const *c = program->commands; *c; c++)
        fprintf(out, " %s", (*c)->name);
    fputs("\"\n"
          "    fi\n"
          "    case ${COMP_WORDS[1]}:$option in\n",
          out);
    for (const struct command *const *c = program->commands; *c; c++)
        put_values(out, *c);
    fputs("    esac\n"
          "    [ -n \"$words\" ] || case ${COMP_WORDS[1]}:$current in\n",
          out);
    for (const struct command *const *c = program->commands; *c; c++)
        put_options(out, *c);
    fputs("    esac\n"
          "    if [ -n \"$words\" ]; then\n"
          "        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- "
          "\"$current\")\n"
          "        [[ ${COMPREPLY[0]} != *= ]] || compopt -o nospace "
          "2>/dev/null\n"
          "    else\n"
          "        mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
          "        compopt -o filenames 2>/dev/null\n"
          "    fi\n"
          "}\n"
          "complete -F ",
          out);
    put_name(out, program->name);
    fprintf(out, " %s\n", program->name);
}

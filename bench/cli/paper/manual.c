/*
 * Manual pages.  Text is escaped for troff as it is written: a hyphen that is
 * to be typed, a backslash, and a point or quote at the beginning of a line.
 * The main thread.
 */
#include "bench/cli/paper/manual.h"

#include <ctype.h>
#include <string.h>

#include <sluice/version.h>

/* n bytes of text. */
static void put(FILE *out, const char *text, size_t n)
{
    bool starts_line = true;
    for (size_t i = 0; i < n; i++) {
        if (starts_line && strchr(".'", text[i]))
            fputs("\\&", out);
        if (text[i] == '-')
            fputs("\\-", out);
        else if (text[i] == '\\')
            fputs("\\e", out);
        else
            fputc(text[i], out);
        starts_line = text[i] == '\n';
    }
}

static void put_text(FILE *out, const char *text)
{
    put(out, text, strlen(text));
}

/* Paragraphs, which are separated by empty lines; lines that begin with a blank
 * stay as they are. */
static void put_paragraphs(FILE *out, const char *text, size_t n)
{
    bool is_filled = true;
    for (const char *end = text + n; text < end;) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        size_t length = (size_t)((newline ? newline : end) - text);
        bool is_plain = length == 0 || text[0] != ' ';
        if (is_plain != is_filled)
            fputs(is_plain ? ".fi\n" : ".nf\n", out);
        is_filled = is_plain;
        if (length == 0) {
            fputs(".PP\n", out);
        } else {
            put(out, text, length);
            fputc('\n', out);
        }
        text += length + 1;
    }
    if (!is_filled)
        fputs(".fi\n", out);
}

/* ".TH SLUICE-TRAIN 1"; NULL: the page of the program. */
static void put_title(FILE *out, const char *program, const char *command)
{
    fputs(".TH \"", out);
    for (const char *c = program; *c; c++)
        fputc(toupper((unsigned char)*c), out);
    fputs(command ? "\\-" : "", out);
    for (const char *c = command ? command : ""; *c; c++)
        fputc(toupper((unsigned char)*c), out);
    fprintf(out, "\" 1 \"\" \"Sluice %s\" \"User Commands\"\n.SH NAME\n",
            sluice_version());
    put_text(out, program);
    fputs(command ? "\\-" : "", out);
    put_text(out, command ? command : "");
    fputs(" \\- ", out);
}

static void put_option(FILE *out, const struct option_row *option)
{
    char help[OPTION_HELP];
    fputs(".TP\n", out);
    if (option->key)
        fprintf(out, "\\fB\\-%c\\fR, ", option->key);
    fputs("\\fB\\-\\-", out);
    put_text(out, option->name);
    fputs("\\fR", out);
    if (option->argument) {
        fputs("=\\fI", out);
        put_text(out, option->argument);
        fputs("\\fR", out);
    }
    fputc('\n', out);
    option_help(option, help);
    put_text(out, help);
    fputc('\n', out);
}

static void put_options(FILE *out, const struct command *command)
{
    fputs(".SH OPTIONS\n", out);
    for (const struct option_group *g = command->groups; g->options; g++) {
        if (g->title && !g->continues) {
            fputs(".SS ", out);
            put_text(out, g->title);
            fputc('\n', out);
        }
        for (const struct option_row *o = g->options; o->name; o++)
            put_option(out, o);
    }
    fputs(".SS Help\n.TP\n\\fB\\-?\\fR, \\fB\\-\\-help\\fR\nList the options\n"
          ".TP\n\\fB\\-\\-usage\\fR\nList them in short\n",
          out);
}

void manual_command(FILE *out, const struct program *program,
                    const struct command *command)
{
    put_title(out, program->name, command->name);
    put_text(out, command->does);
    fputs("\n.SH SYNOPSIS\n.B ", out);
    put_text(out, program->name);
    fputc(' ', out);
    put_text(out, command->name);
    fputs("\n[\\fIOPTION\\fR...]", out);
    if (command->words) {
        fputc(' ', out);
        put_text(out, command->words);
    }
    fputs("\n.SH DESCRIPTION\n", out);
    const char *doc = command->doc ? command->doc : command->does;
    size_t before = strcspn(doc, "\v");
    put_paragraphs(out, doc, before);
    put_options(out, command);
    if (doc[before]) {
        fputs(".SH NOTES\n", out);
        put_paragraphs(out, doc + before + 1, strlen(doc + before + 1));
    }
    fputs(".SH \"SEE ALSO\"\n\\fB", out);
    put_text(out, program->name);
    fputs("\\fR(1)\n", out);
}

void manual_program(FILE *out, const struct program *program)
{
    put_title(out, program->name, NULL);
    fputs("pipeline\\-parallel training\n.SH SYNOPSIS\n.B ", out);
    put_text(out, program->name);
    fputs(program->bare ? "\n[\\fICOMMAND\\fR [\\fIOPTION\\fR...]]"
                        : "\n\\fICOMMAND\\fR [\\fIOPTION\\fR...]",
          out);
    fputs("\n.SH DESCRIPTION\n", out);
    put_paragraphs(out, program->doc, strlen(program->doc));
    fputs(".SH COMMANDS\n", out);
    for (const struct command *const *c = program->commands; *c; c++) {
        fputs(".TP\n\\fB", out);
        put_text(out, (*c)->name);
        fputs("\\fR\n", out);
        put_text(out, (*c)->does);
        fputs("; see \\fB", out);
        put_text(out, program->name);
        fputs("\\-", out);
        put_text(out, (*c)->name);
        fputs("\\fR(1)\n", out);
    }
    fputs(".SH FILES\nThe documentation is in \\fIshare/doc/sluice\\fR, under "
          "the prefix of the installation.\n",
          out);
}

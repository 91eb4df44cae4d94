/* What the ends of commands have in common.  The main thread. */
#include "bench/cli/command.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_BYTES = 64 };

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

int command_fail(const char *called, const sluice_diag *why)
{
    return command_fail_about(called, "", why);
}

int command_fail_about(const char *called, const char *about,
                       const sluice_diag *why)
{
    bool told = !strncmp(why->text, about, strlen(about));
    fprintf(stderr, "%s: %s%s%s", called, told ? "" : about, told ? "" : ": ",
            why->text);
    print_place(why, stderr);
    fprintf(stderr, "\n");
    return EXIT_FAILURE;
}

int command_finish(const char *called, sluice_status status,
                   const sluice_diag *why, int64_t wrong)
{
    if (status)
        return command_fail(called, why);
    if (!wrong)
        return EXIT_SUCCESS;
    fprintf(stderr,
            "%s: %" PRId64 " parameters differ from the sequential reference\n",
            called, wrong);
    return EXIT_FAILURE;
}

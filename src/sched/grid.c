/* A schedule as readable text: a row per device, a column per position. */
#include "sched/schedule.h"

#include <stdio.h>
#include <string.h>

/* Text that may not fit: `used` counts on past the end, as snprintf() does. */
struct text {
    char *at;
    size_t bytes;
    size_t used;
};

static void put(struct text *text, const char *word, int width)
{
    size_t left = text->used < text->bytes ? text->bytes - text->used : 0;
    int n =
        snprintf(left ? text->at + text->used : NULL, left, "%*s", width, word);
    text->used += (size_t)n;
}

static int widest(const sluice_schedule *schedule)
{
    int width = 0;
    for (int d = 0; d < schedule->n_devices; d++)
        for (int i = 0; i < schedule->programs[d].n; i++) {
            char word[SLUICE_DIAG_ACTION];
            sluice_action_format(schedule->programs[d].actions[i], word,
                                 sizeof word);
            int n = (int)strlen(word);
            width = n > width ? n : width;
        }
    return width;
}

/* Whether `why` is about this action of this device. */
static bool is_marked(const sluice_diag *why, int device, const char *word)
{
    return why && why->device == device && !strcmp(why->action, word);
}

size_t sluice_schedule_format_marked(const sluice_schedule *schedule,
                                     const sluice_diag *why, char *text,
                                     size_t bytes)
{
    struct text out = {text, bytes, 0};
    char word[SLUICE_DIAG_ACTION];
    int width = widest(schedule);
    if (bytes)
        text[0] = '\0';
    for (int d = 0; d < schedule->n_devices; d++) {
        snprintf(word, sizeof word, "%d:", d);
        put(&out, word, schedule->n_devices > 10 ? 3 : 2);
        for (int i = 0; i < schedule->programs[d].n; i++) {
            sluice_action_format(schedule->programs[d].actions[i], word,
                                 sizeof word);
            put(&out, is_marked(why, d, word) ? ">" : " ", 1);
            put(&out, word, width);
        }
        put(&out, "\n", 1);
    }
    return out.used;
}

size_t sluice_schedule_format(const sluice_schedule *schedule, char *text,
                              size_t bytes)
{
    return sluice_schedule_format_marked(schedule, NULL, text, bytes);
}

/* A schedule as readable text: a row per device, a column per position. */
#include "sched/schedule.h"

#include <stdio.h>
#include <string.h>

/* A marked grid of more than MOST is cut to FEW around the mark. */
enum {
    MOST_DEVICES = 16,
    MOST_POSITIONS = 64,
    FEW_DEVICES = 8,
    FEW_POSITIONS = 12,
};

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

/* Whether `why` is about the action at this position of this device: every one
 * of its name, for it should be there once, except that an UPDATE may be there
 * more often. */
static bool is_marked(const sluice_diag *why, int device, int position,
                      sluice_action action, const char *word)
{
    return why && why->device == device && !strcmp(why->action, word) &&
           (action.kind != SLUICE_UPDATE || why->position < 0 ||
            why->position == position);
}

/* The part of the grid that is written: [first, last). */
struct window {
    int first_device, last_device;
    int first, last; /* positions */
};

/* At most `size` of n, with `at` near the middle. */
static int window_start(int at, int size, int n)
{
    int first = at - size / 2;
    if (first > n - size)
        first = n - size;
    return first > 0 ? first : 0;
}

/* Where the mark stands; what is missing, at the end of its list. */
static int marked_position(const sluice_schedule *schedule,
                           const sluice_diag *why)
{
    const struct sl_action_list *list = &schedule->programs[why->device];
    for (int i = 0; i < list->n; i++) {
        char word[SLUICE_DIAG_ACTION];
        sluice_action_format(list->actions[i], word, sizeof word);
        if (is_marked(why, why->device, i, list->actions[i], word))
            return i;
    }
    return list->n;
}

static int longest(const sluice_schedule *schedule)
{
    int n = 0;
    for (int d = 0; d < schedule->n_devices; d++)
        n = schedule->programs[d].n > n ? schedule->programs[d].n : n;
    return n;
}

/* All of it, or, of a large one with a mark, what lies around that. */
static struct window window_of(const sluice_schedule *schedule,
                               const sluice_diag *why)
{
    int n = longest(schedule);
    struct window all = {0, schedule->n_devices, 0, n};
    if (!why || why->device < 0 || why->device >= schedule->n_devices ||
        (schedule->n_devices <= MOST_DEVICES && n <= MOST_POSITIONS))
        return all;
    struct window window = {
        .first_device =
            window_start(why->device, FEW_DEVICES, schedule->n_devices),
        .first = window_start(marked_position(schedule, why), FEW_POSITIONS, n),
    };
    window.last_device = window.first_device + FEW_DEVICES;
    window.last = window.first + FEW_POSITIONS;
    if (window.last_device > all.last_device)
        window.last_device = all.last_device;
    if (window.last > all.last)
        window.last = all.last;
    return window;
}

static void put_device(struct text *out, const sluice_schedule *schedule,
                       const sluice_diag *why, struct window window, int d,
                       int width)
{
    const struct sl_action_list *list = &schedule->programs[d];
    char word[SLUICE_DIAG_ACTION];
    snprintf(word, sizeof word, "%d:", d);
    put(out, word, schedule->n_devices > 10 ? 3 : 2);
    if (window.first)
        put(out, " ...", 4);
    for (int i = window.first; i < window.last && i < list->n; i++) {
        sluice_action_format(list->actions[i], word, sizeof word);
        put(out, is_marked(why, d, i, list->actions[i], word) ? ">" : " ", 1);
        put(out, word, width);
    }
    if (list->n > window.last)
        put(out, " ...", 4);
    put(out, "\n", 1);
}

size_t sluice_schedule_format_marked(const sluice_schedule *schedule,
                                     const sluice_diag *why, char *text,
                                     size_t bytes)
{
    struct text out = {text, bytes, 0};
    struct window window = window_of(schedule, why);
    int width = widest(schedule);
    if (bytes)
        text[0] = '\0';
    if (window.first_device)
        put(&out, "...\n", 4);
    for (int d = window.first_device; d < window.last_device; d++)
        put_device(&out, schedule, why, window, d, width);
    if (window.last_device < schedule->n_devices)
        put(&out, "...\n", 4);
    return out.used;
}

size_t sluice_schedule_format(const sluice_schedule *schedule, char *text,
                              size_t bytes)
{
    return sluice_schedule_format_marked(schedule, NULL, text, bytes);
}

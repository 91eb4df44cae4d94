/* Any text as a schedule's JSON. */
#include "text_target.h"

#include <stdlib.h>
#include <string.h>

#include <sluice/schedule_text.h>

/* What was read, written again; the caller frees it. */
static char *write_again(const sluice_schedule *schedule, size_t *length)
{
    text_require(!sluice_schedule_format_json(schedule, NULL, 0, length, NULL));
    char *text = malloc(*length + 1);
    text_require(text != NULL);
    text_require(!sluice_schedule_format_json(schedule, text, *length + 1,
                                              length, NULL));
    return text;
}

static void read_again(const sluice_schedule *schedule)
{
    size_t length, again_length;
    sluice_schedule *again = NULL;
    char *text = write_again(schedule, &length);
    text_require(!sluice_schedule_parse_json(text, length, NULL, &again, NULL));
    char *same = write_again(again, &again_length);
    text_require(length == again_length && !memcmp(text, same, length));
    sluice_schedule_destroy(again);
    free(same);
    free(text);
}

static sluice_status parse(const char *text, size_t n,
                           const sluice_allocator *allocator, sluice_diag *why)
{
    sluice_schedule *schedule = NULL;
    sluice_status st =
        sluice_schedule_parse_json(text, n, allocator, &schedule, why);
    text_require(!st == (schedule != NULL));
    if (!st)
        read_again(schedule);
    sluice_schedule_destroy(schedule);
    return st;
}

const struct text_target text_target = {parse, 3, 1 << 20};

/* Any text as a schedule's CSV. */
#include "text_target.h"

#include <stdlib.h>
#include <string.h>

#include <sluice/schedule_text.h>

/* What was read, written again; the caller frees it. */
static char *write_again(const sluice_schedule *schedule, size_t *length)
{
    text_require(
        !sluice_schedule_format_csv(schedule, false, NULL, 0, length, NULL));
    char *text = malloc(*length + 1);
    text_require(text != NULL);
    text_require(!sluice_schedule_format_csv(schedule, false, text, *length + 1,
                                             length, NULL));
    return text;
}

static void read_again(const sluice_schedule *schedule)
{
    size_t length, again_length;
    sluice_schedule *again = NULL;
    char *text = write_again(schedule, &length);
    text_require(!sluice_schedule_parse_csv(text, length, SLUICE_CSV_NEW, NULL,
                                            &again, NULL));
    char *same = write_again(again, &again_length);
    text_require(length == again_length && !memcmp(text, same, length));
    sluice_schedule_destroy(again);
    free(same);
    free(text);
}

static sluice_status parse(const char *text, size_t n,
                           const sluice_allocator *allocator, sluice_diag *why)
{
    static const sluice_csv_dialect dialects[] = {
        SLUICE_CSV_OLD, SLUICE_CSV_NEW, SLUICE_CSV_DETECT};
    sluice_status st = SLUICE_OK;
    for (size_t i = 0; i < sizeof dialects / sizeof *dialects; i++) {
        sluice_schedule *schedule = NULL;
        st = sluice_schedule_parse_csv(text, n, dialects[i], allocator,
                                       &schedule, why);
        text_require(!st == (schedule != NULL));
        if (!st)
            read_again(schedule);
        sluice_schedule_destroy(schedule);
    }
    return st;
}

const struct text_target text_target = {parse, 64, 1 << 20};

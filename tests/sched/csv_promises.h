/* What the CSV reader promises for any bytes: shared by the tests of damaged
 * text and the fuzz target.  A broken promise ends the process. */
#ifndef SL_TEST_SCHED_CSV_PROMISES_H
#define SL_TEST_SCHED_CSV_PROMISES_H

#include <sluice/schedule_text.h>

#include <stdlib.h>
#include <string.h>

static inline void csv_require(bool claim)
{
    if (!claim)
        abort();
}

/* A schedule that was read is written, and comes back the same. */
static inline void csv_check_schedule(const sluice_schedule *schedule)
{
    size_t n, again;
    sluice_diag why;
    sluice_schedule *second;
    sluice_schedule_verify(schedule, &(sluice_verify_config){0}, NULL, &why);
    if (sluice_schedule_format_csv(schedule, false, NULL, 0, &n, &why))
        return; /* the UPDATEs that were added made a row too long */
    char *text = malloc(2 * (n + 1));
    csv_require(text != NULL);
    sluice_schedule_format_csv(schedule, false, text, n + 1, &again, NULL);
    csv_require(again == n);
    csv_require(!sluice_schedule_parse_csv(text, n, SLUICE_CSV_NEW, NULL,
                                           &second, NULL));
    sluice_schedule_format_csv(second, false, text + n + 1, n + 1, &again,
                               NULL);
    csv_require(again == n && !memcmp(text, text + n + 1, n));
    sluice_schedule_destroy(second);
    free(text);
}

static inline sluice_status csv_one(const char *text, size_t bytes)
{
    sluice_diag why = {.text = ""};
    sluice_schedule *schedule = NULL;
    sluice_status st = sluice_schedule_parse_csv(text, bytes, SLUICE_CSV_DETECT,
                                                 NULL, &schedule, &why);
    if (!st) {
        csv_check_schedule(schedule);
        sluice_schedule_destroy(schedule);
        return st;
    }
    csv_require(st == SLUICE_FORMAT && !schedule);
    csv_require(strlen(why.text) > 0 && strlen(why.text) < sizeof why.text - 1);
    for (const char *c = why.text; *c; c++)
        csv_require(*c >= ' ' && *c <= '~');
    return st;
}

#endif

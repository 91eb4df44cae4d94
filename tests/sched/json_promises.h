/* What the JSON reader promises for any bytes: shared by the tests of damaged
 * text and the fuzz target.  A broken promise ends the process. */
#ifndef SL_TEST_SCHED_JSON_PROMISES_H
#define SL_TEST_SCHED_JSON_PROMISES_H

#include <sluice/schedule_text.h>

#include <stdlib.h>
#include <string.h>

static inline void json_require(bool claim)
{
    if (!claim)
        abort();
}

/* A schedule that was read is written, and comes back the same. */
static inline void json_check_schedule(const sluice_schedule *schedule)
{
    size_t n, again;
    sluice_diag why;
    sluice_schedule *second;
    sluice_schedule_verify(schedule, &(sluice_verify_config){0}, NULL, &why);
    if (sluice_schedule_format_json(schedule, NULL, 0, &n, &why))
        return; /* what was written without spaces may be too long with them */
    char *text = malloc(2 * (n + 1));
    json_require(text != NULL);
    sluice_schedule_format_json(schedule, text, n + 1, &again, NULL);
    json_require(again == n);
    json_require(!sluice_schedule_parse_json(text, n, NULL, &second, NULL));
    sluice_schedule_format_json(second, text + n + 1, n + 1, &again, NULL);
    json_require(again == n && !memcmp(text, text + n + 1, n));
    sluice_schedule_destroy(second);
    free(text);
}

static inline sluice_status json_one(const char *text, size_t bytes)
{
    sluice_diag why = {.text = ""};
    sluice_schedule *schedule = NULL;
    sluice_status st =
        sluice_schedule_parse_json(text, bytes, NULL, &schedule, &why);
    if (!st) {
        json_check_schedule(schedule);
        sluice_schedule_destroy(schedule);
        return st;
    }
    json_require(st == SLUICE_FORMAT && !schedule);
    json_require(strlen(why.text) > 0 &&
                 strlen(why.text) < sizeof why.text - 1);
    for (const char *c = why.text; *c; c++)
        json_require(*c >= ' ' && *c <= '~');
    return st;
}

#endif

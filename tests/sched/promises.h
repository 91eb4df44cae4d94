/* What the readers of text promise for any bytes: shared by the tests of
 * damaged text and the fuzz targets.  A broken promise ends the process. */
#ifndef SL_TEST_SCHED_PROMISES_H
#define SL_TEST_SCHED_PROMISES_H

#include <sluice/schedule_text.h>

#include <stdlib.h>
#include <string.h>

/* A form of text. */
struct promising {
    sluice_status (*read)(const char *text, size_t bytes, sluice_schedule **out,
                          sluice_diag *why);
    sluice_status (*read_again)(const char *text, size_t bytes,
                                sluice_schedule **out, sluice_diag *why);
    sluice_status (*write)(const sluice_schedule *schedule, char *text,
                           size_t bytes, size_t *length, sluice_diag *why);
};

static inline sluice_status promising_csv(const char *text, size_t bytes,
                                          sluice_schedule **out,
                                          sluice_diag *why)
{
    return sluice_schedule_parse_csv(text, bytes, SLUICE_CSV_DETECT, NULL, out,
                                     why);
}

/* What we write is of the new dialect, whatever it may look like. */
static inline sluice_status promising_csv_again(const char *text, size_t bytes,
                                                sluice_schedule **out,
                                                sluice_diag *why)
{
    return sluice_schedule_parse_csv(text, bytes, SLUICE_CSV_NEW, NULL, out,
                                     why);
}

static inline sluice_status promising_write_csv(const sluice_schedule *schedule,
                                                char *text, size_t bytes,
                                                size_t *length,
                                                sluice_diag *why)
{
    return sluice_schedule_format_csv(schedule, false, text, bytes, length,
                                      why);
}

static inline sluice_status promising_json(const char *text, size_t bytes,
                                           sluice_schedule **out,
                                           sluice_diag *why)
{
    return sluice_schedule_parse_json(text, bytes, NULL, out, why);
}

static const struct promising csv_form = {promising_csv, promising_csv_again,
                                          promising_write_csv};
static const struct promising json_form = {promising_json, promising_json,
                                           sluice_schedule_format_json};

static inline void promise_require(bool claim)
{
    if (!claim)
        abort();
}

/* A schedule that was read is written, and comes back the same. */
static inline void promise_schedule(const struct promising *form,
                                    const sluice_schedule *schedule)
{
    size_t n, again;
    sluice_diag why;
    sluice_schedule *second;
    sluice_schedule_verify(schedule, &(sluice_verify_config){0}, NULL, &why);
    if (form->write(schedule, NULL, 0, &n, &why))
        return; /* what was added in writing made a row or the whole too long */
    char *text = malloc(2 * (n + 1));
    promise_require(text != NULL);
    form->write(schedule, text, n + 1, &again, NULL);
    promise_require(again == n);
    promise_require(!form->read_again(text, n, &second, NULL));
    form->write(second, text + n + 1, n + 1, &again, NULL);
    promise_require(again == n && !memcmp(text, text + n + 1, n));
    sluice_schedule_destroy(second);
    free(text);
}

/* Returns  SLUICE_OK, SLUICE_FORMAT: what the reader said. */
static inline sluice_status promise_one(const struct promising *form,
                                        const char *text, size_t bytes)
{
    sluice_diag why = {.text = ""};
    sluice_schedule *schedule = NULL;
    sluice_status st = form->read(text, bytes, &schedule, &why);
    if (!st) {
        promise_schedule(form, schedule);
        sluice_schedule_destroy(schedule);
        return st;
    }
    promise_require(st == SLUICE_FORMAT && !schedule);
    promise_require(strlen(why.text) > 0 &&
                    strlen(why.text) < sizeof why.text - 1);
    for (const char *c = why.text; *c; c++)
        promise_require(*c >= ' ' && *c <= '~');
    return st;
}

#endif

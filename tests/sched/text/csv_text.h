/* Texts of schedules, briefly: what they are read as, and how refused. */
#ifndef SL_TEST_SCHED_CSV_TEXT_H
#define SL_TEST_SCHED_CSV_TEXT_H

#include <sluice/schedule_text.h>

#include <string.h>

#include <check.h>

static inline sluice_schedule *parse(const char *text,
                                     sluice_csv_dialect dialect)
{
    sluice_diag why = {.text = ""};
    sluice_schedule *schedule = NULL;
    sluice_status st = sluice_schedule_parse_csv(text, strlen(text), dialect,
                                                 NULL, &schedule, &why);
    ck_assert_msg(st == SLUICE_OK, "%s", why.text);
    return schedule;
}

static inline void assert_format(const sluice_schedule *schedule, bool strict,
                                 const char *want)
{
    char text[4096];
    size_t length;
    ck_assert_int_eq(sluice_schedule_format_csv(schedule, strict, text,
                                                sizeof text, &length, NULL),
                     SLUICE_OK);
    ck_assert_str_eq(text, want);
    ck_assert_uint_eq(length, strlen(want));
}

/* What `text` means, in our own words. */
static inline void assert_read_as(const char *text, sluice_csv_dialect dialect,
                                  const char *want)
{
    sluice_schedule *schedule = parse(text, dialect);
    assert_format(schedule, false, want);
    sluice_schedule_destroy(schedule);
}

static inline void assert_refused_as(const char *text,
                                     sluice_csv_dialect dialect,
                                     const char *says)
{
    sluice_diag why = {.text = ""};
    sluice_schedule *schedule = NULL;
    ck_assert_int_eq(sluice_schedule_parse_csv(text, strlen(text), dialect,
                                               NULL, &schedule, &why),
                     SLUICE_FORMAT);
    ck_assert_ptr_null(schedule);
    ck_assert_msg(strstr(why.text, says) != NULL, "%s", why.text);
}

static inline void assert_refused(const char *text, const char *says)
{
    assert_refused_as(text, SLUICE_CSV_DETECT, says);
}

static inline void assert_incomplete(const char *text, int copies,
                                     const char *says)
{
    sluice_schedule *schedule = NULL;
    sluice_diag why = {.text = ""};
    ck_assert(!sluice_schedule_parse_csv(text, strlen(text), SLUICE_CSV_DETECT,
                                         NULL, &schedule, NULL));
    ck_assert_int_eq(sluice_schedule_n_copies(schedule), copies);
    ck_assert_int_eq(sluice_schedule_verify(
                         schedule, &(sluice_verify_config){0}, NULL, &why),
                     SLUICE_SCHEDULE);
    ck_assert_str_eq(why.text, says);
    sluice_schedule_destroy(schedule);
}

#endif

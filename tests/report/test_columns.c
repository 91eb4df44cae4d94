/* What each column of a timeline shows. */
#include "report/columns.h"

#include <string.h>

#include "support/runner.h"

static const sluice_trace_event events[] = {
    {.action = {SLUICE_F, 0, 0}, .start_ns = 100, .end_ns = 125},
    {.action = {SLUICE_B, 0, 0}, .start_ns = 125, .end_ns = 126},
    {.action = {SLUICE_F, 0, 1}, .start_ns = 126, .end_ns = 129},
    {.action = {SLUICE_W, 0, 0}, .start_ns = 144, .end_ns = 150},
};
static const sluice_trace_event *const rows[] = {events, NULL};
static const int n_events[] = {4, 0};
static const sluice_trace trace = {2, n_events, rows, 90, 160};

START_TEST(the_span_goes_from_first_start_to_last_end)
{
    struct sl_time_span span = sl_span_of(&trace);
    ck_assert_int_eq(span.start_ns, 100);
    ck_assert_int_eq(span.end_ns, 150);
    ck_assert_int_eq(sl_column_of(span, 5, 100), 0);
    ck_assert_int_eq(sl_column_of(span, 5, 126), 3);
    ck_assert_int_eq(sl_column_of(span, 5, 150), 5);
}
END_TEST

START_TEST(a_column_shows_what_takes_most_of_it)
{
    unsigned char shows[5];
    sl_columns_fill(&trace, 0, sl_span_of(&trace), 5, shows);
    const unsigned char want[] = {SLUICE_F, SLUICE_F, SLUICE_F, SL_IDLE_COLUMN,
                                  SLUICE_W};
    ck_assert_mem_eq(shows, want, 5);
}
END_TEST

START_TEST(fine_columns_show_every_nanosecond)
{
    unsigned char shows[50];
    sl_columns_fill(&trace, 0, sl_span_of(&trace), 50, shows);
    for (int ns = 100; ns < 150; ns++) {
        unsigned char want = SL_IDLE_COLUMN;
        for (int i = 0; i < 4; i++)
            if (events[i].start_ns <= ns && ns < events[i].end_ns)
                want = (unsigned char)events[i].action.kind;
        ck_assert_int_eq(shows[ns - 100], want);
    }
}
END_TEST

START_TEST(a_device_without_events_is_idle)
{
    unsigned char shows[3];
    sl_columns_fill(&trace, 1, sl_span_of(&trace), 3, shows);
    for (int c = 0; c < 3; c++)
        ck_assert_int_eq(shows[c], SL_IDLE_COLUMN);
}
END_TEST

START_TEST(a_trace_without_events_has_a_span)
{
    static const int none[] = {0, 0};
    const sluice_trace empty = {2, none, rows, 90, 160};
    ck_assert_int_eq(sl_span_ns(sl_span_of(&empty)), 1);
}
END_TEST

SLUICE_TEST_MAIN("report.columns", the_span_goes_from_first_start_to_last_end,
                 a_column_shows_what_takes_most_of_it,
                 fine_columns_show_every_nanosecond,
                 a_device_without_events_is_idle,
                 a_trace_without_events_has_a_span)

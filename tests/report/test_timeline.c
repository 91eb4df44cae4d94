/* The timeline in ASCII. */
#include <sluice/report.h>

#include "report/collect.h"
#include "attribution/play.h"
#include "support/runner.h"

static struct play p;
static struct collect got;

static const char *draw(const sluice_report_config *config)
{
    sluice_diag why;
    collect_fini(&got);
    ck_assert_msg(
        !sluice_report_text(&p.trace, config, collect_sink(&got), &why), "%s",
        why.text);
    return got.text;
}

START_TEST(gpipe_looks_as_in_the_papers_figure)
{
    p = (struct play){.forward_ns = 100000,
                      .backward_ns = 200000,
                      .edge_ns = 5000,
                      .update_ns = 100000};
    play(&p, "gpipe", 3, 2, SLUICE_REVERSE);
    ck_assert_str_eq(
        draw(&(sluice_report_config){.columns = 51, .title = "three devices"}),
        "three devices\n"
        "0 |F0-F1-..................B1----B0----UUU|  50.0 %\n"
        "1 |...F0-F1-.........B1----B0----......UUU|  50.0 %\n"
        "2 |......F0-F1-B1----B0----............UUU|  50.0 %\n"
        "   0 ms                           1.300 ms\n");
    collect_fini(&got);
}
END_TEST

START_TEST(rows_are_as_wide_as_asked_for)
{
    static const int widths[] = {40, 41, 80, 777, 1000};
    p = (struct play){.forward_ns = 123, .backward_ns = 456};
    play(&p, "1f1b", 5, 17, SLUICE_IN_ORDER);
    for (int w = 0; w < 5; w++) {
        const char *at = draw(&(sluice_report_config){.columns = widths[w]});
        for (int d = 0; d < 5; d++) {
            const char *end = strchr(at, '\n');
            ck_assert_ptr_nonnull(end);
            ck_assert_int_eq(end - at, widths[w]);
            at = end + 1;
        }
        ck_assert_int_eq(collect_count(&got, "\n"), 6);
    }
    collect_fini(&got);
}
END_TEST

/* So many actions that several share a column. */
START_TEST(actions_too_narrow_for_labels_are_letters)
{
    p = (struct play){.forward_ns = 10, .backward_ns = 10};
    play(&p, "gpipe", 1, 64, SLUICE_REVERSE);
    draw(NULL);
    ck_assert_int_eq(strspn(got.text + 3, "F"), 34);
    ck_assert_int_eq(strspn(got.text + 3 + 34, "B"), 34);
    ck_assert_ptr_nonnull(strstr(got.text, "| 100.0 %\n"));
    collect_fini(&got);
}
END_TEST

START_TEST(each_kind_has_its_letter)
{
    static const char letters[] = "FBIWRSTU";
    memset(&p, 0, sizeof p);
    for (int k = 0; k <= SLUICE_UPDATE; k++)
        p.events[0][p.n_events[0]++] = (sluice_trace_event){
            .action = {k, 0, k == SLUICE_I ? 7 : 6},
            .start_ns = 100 * k,
            .end_ns = 100 * k + 100,
        };
    p.rows[0] = p.events[0];
    p.trace =
        (sluice_trace){1, p.n_events, p.rows, 0, 100 * (SLUICE_UPDATE + 1)};
    draw(NULL);
    for (int k = 0; k <= SLUICE_UPDATE; k++)
        ck_assert_ptr_nonnull(strchr(got.text, letters[k]));
    ck_assert_ptr_nonnull(strstr(got.text, "I7---"));
    collect_fini(&got);
}
END_TEST

START_TEST(a_reduction_is_a_kind_of_its_own)
{
    static const sluice_trace_event events[] = {
        {.action = {SLUICE_F, 0, 0}, .end_ns = 100},
        {.action = {SLUICE_REDUCE_GRAD, 0, -1}, .start_ns = 100, .end_ns = 200},
        {.action = {SLUICE_UPDATE, 0, -1}, .start_ns = 200, .end_ns = 300},
    };
    static const sluice_trace_event *const rows[] = {events};
    static const int n_events[] = {3};
    p.trace = (sluice_trace){1, n_events, rows, 0, 300};
    draw(NULL);
    ck_assert_ptr_nonnull(strstr(got.text, "-GGGG"));
    ck_assert_ptr_nonnull(strstr(got.text, "GUUUU"));
    collect_fini(&got);
}
END_TEST

START_TEST(a_trace_without_events_is_an_empty_picture)
{
    memset(&p, 0, sizeof p);
    p.trace = (sluice_trace){2, p.n_events, p.rows, 0, 600};
    draw(NULL);
    ck_assert_int_eq(collect_count(&got, "   0.0 %\n"), 2);
    collect_fini(&got);
}
END_TEST

START_TEST(bad_widths_and_traces_are_refused)
{
    static const int widths[] = {-1, 39, 1001};
    sluice_diag why;
    p = (struct play){.forward_ns = 10, .backward_ns = 10};
    play(&p, "gpipe", 1, 1, SLUICE_REVERSE);
    for (int w = 0; w < 3; w++) {
        sluice_report_config config = {.columns = widths[w]};
        ck_assert_int_eq(
            sluice_report_text(&p.trace, &config, collect_sink(&got), &why),
            SLUICE_INVALID);
        ck_assert(strstr(why.text, "a timeline of ") &&
                  strstr(why.text, " columns; give 40 to 1000, or 0 for "));
    }
    p.events[0][0].end_ns = 0;
    ck_assert_int_eq(
        sluice_report_text(&p.trace, NULL, collect_sink(&got), &why),
        SLUICE_INVALID);
    ck_assert_int_eq(got.n_calls, 0);
}
END_TEST

START_TEST(the_sinks_error_is_returned)
{
    sluice_diag why;
    p = (struct play){.forward_ns = 10, .backward_ns = 10};
    play(&p, "gpipe", 1, 1, SLUICE_REVERSE);
    struct collect full = {.limit = 10};
    ck_assert_int_eq(
        sluice_report_text(&p.trace, NULL, collect_sink(&full), &why),
        SLUICE_IO);
    ck_assert_str_eq(why.text, "no more than 10");
}
END_TEST

SLUICE_TEST_MAIN("report.timeline", gpipe_looks_as_in_the_papers_figure,
                 rows_are_as_wide_as_asked_for,
                 actions_too_narrow_for_labels_are_letters,
                 each_kind_has_its_letter, a_reduction_is_a_kind_of_its_own,
                 a_trace_without_events_is_an_empty_picture,
                 bad_widths_and_traces_are_refused, the_sinks_error_is_returned)

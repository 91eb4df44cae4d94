/* The timeline in SVG; that it is XML is judged by xmllint. */
#include <sluice/report.h>

#include "report/collect.h"
#include "attribution/play.h"
#include "support/runner.h"

static struct play p;
static struct collect got;

static void draw(const sluice_report_config *config)
{
    sluice_diag why;
    collect_fini(&got);
    ck_assert_msg(
        !sluice_report_svg(&p.trace, config, collect_sink(&got), &why), "%s",
        why.text);
}

START_TEST(every_action_is_a_box_of_its_length_with_its_number)
{
    enum { K = 3, M = 4 };
    p = (struct play){
        .forward_ns = 1000000, .backward_ns = 2000000, .update_ns = 500000};
    play(&p, "gpipe", K, M, SLUICE_REVERSE);
    draw(&(sluice_report_config){.title = "t"});
    /* One of each in the legend. */
    ck_assert_int_eq(collect_count(&got, "<rect class=\"F\""), K * M + 1);
    ck_assert_int_eq(collect_count(&got, "<rect class=\"B\""), K * M + 1);
    ck_assert_int_eq(collect_count(&got, "<rect class=\"U\""), K + 1);
    ck_assert_int_eq(collect_count(&got, "<rect class=\"W\""), 0);
    ck_assert_int_eq(collect_count(&got, "<rect class=\"idle\""), K + 1);
    ck_assert_int_eq(collect_count(&got, "<text class=\"n\""), 2 * K * M);
    ck_assert(strstr(got.text, "<title>2B3: 2.000000 ms from 6.000000 ms"
                               "</title>"));
    ck_assert_int_eq(collect_count(&got, ">0 ms</text>"), 1);
    collect_fini(&got);
}
END_TEST

START_TEST(it_is_for_dark_pages_too_and_runs_nothing)
{
    p = (struct play){.forward_ns = 1000, .backward_ns = 2000};
    play(&p, "1f1b", 2, 2, SLUICE_IN_ORDER);
    draw(&(sluice_report_config){.title = "<script>&"});
    ck_assert_int_eq(collect_count(&got, "prefers-color-scheme:dark"), 1);
    ck_assert_int_eq(collect_count(&got, "<script"), 0);
    ck_assert_int_eq(collect_count(&got, "&lt;script&gt;&amp;"), 2);
    ck_assert_int_eq(collect_count(&got, "http"), 1); /* the name space */
    collect_fini(&got);
}
END_TEST

START_TEST(a_reduction_has_its_colour_and_legend)
{
    static const sluice_trace_event events[] = {
        {.action = {SLUICE_REDUCE_GRAD, 0, -1}, .end_ns = 100},
    };
    static const sluice_trace_event *const rows[] = {events};
    static const int n_events[] = {1};
    p.trace = (sluice_trace){1, n_events, rows, 0, 100};
    draw(NULL);
    ck_assert_int_eq(collect_count(&got, "<rect class=\"G\""), 2);
    ck_assert_int_eq(collect_count(&got, ">reduce gradients</text>"), 1);
    ck_assert_int_eq(collect_count(&got, ".G{fill:#"), 1);
    ck_assert_int_eq(collect_count(&got, "<title>0REDUCE_GRAD: "), 1);
    collect_fini(&got);
}
END_TEST

START_TEST(the_width_is_as_asked_for)
{
    p = (struct play){.forward_ns = 1000, .backward_ns = 2000};
    play(&p, "1f1b", 2, 2, SLUICE_IN_ORDER);
    draw(NULL);
    ck_assert_int_eq(collect_count(&got, "<svg xmlns=\"http://www.w3.org/2000/"
                                         "svg\" width=\"1000\""),
                     1);
    draw(&(sluice_report_config){.width = 320});
    ck_assert_int_eq(collect_count(&got, "width=\"320\""), 2);
    collect_fini(&got);
}
END_TEST

START_TEST(more_actions_than_pixels_make_no_more_boxes)
{
    enum { N = 20000, WIDTH = 320 };
    static sluice_trace_event events[N];
    static const sluice_trace_event *const rows[] = {events};
    static const int n_events[] = {N};
    for (int i = 0; i < N; i++)
        events[i] = (sluice_trace_event){
            .action = {i % 2 ? SLUICE_B : SLUICE_F, 0, i / 2},
            .start_ns = 10 * i,
            .end_ns = 10 * i + 5 + i % 5,
        };
    sluice_trace trace = {1, n_events, rows, 0, 10 * N};
    collect_fini(&got);
    ck_assert_int_eq(sluice_report_svg(&trace,
                                       &(sluice_report_config){.width = WIDTH},
                                       collect_sink(&got), NULL),
                     SLUICE_OK);
    int boxes = collect_count(&got, "<rect");
    ck_assert_int_gt(boxes, 4);
    ck_assert_int_le(boxes, 2 * WIDTH);
    collect_fini(&got);
}
END_TEST

START_TEST(a_step_without_events_is_an_empty_picture)
{
    memset(&p, 0, sizeof p);
    p.trace = (sluice_trace){2, p.n_events, p.rows, 0, 600};
    draw(NULL);
    ck_assert_int_eq(collect_count(&got, "<rect class=\"idle\""), 3);
    collect_fini(&got);
}
END_TEST

START_TEST(bad_widths_and_traces_are_refused)
{
    static const int widths[] = {-1, 319, 8001};
    sluice_diag why;
    p = (struct play){.forward_ns = 10, .backward_ns = 10};
    play(&p, "gpipe", 1, 1, SLUICE_REVERSE);
    for (int w = 0; w < 3; w++) {
        sluice_report_config config = {.width = widths[w]};
        ck_assert_int_eq(
            sluice_report_svg(&p.trace, &config, collect_sink(&got), &why),
            SLUICE_INVALID);
        ck_assert(strstr(why.text, "320 to 8000") != NULL);
    }
    p.events[0][0].end_ns = 0;
    ck_assert_int_eq(
        sluice_report_svg(&p.trace, NULL, collect_sink(&got), &why),
        SLUICE_INVALID);
    ck_assert_int_eq(got.n_calls, 0);
}
END_TEST

START_TEST(the_sinks_error_is_returned)
{
    p = (struct play){.forward_ns = 10, .backward_ns = 10};
    play(&p, "gpipe", 8, 64, SLUICE_REVERSE);
    struct collect full = {.limit = 10000};
    ck_assert_int_eq(
        sluice_report_svg(&p.trace, NULL, collect_sink(&full), NULL),
        SLUICE_IO);
    collect_fini(&full);
}
END_TEST

SLUICE_TEST_MAIN("report.svg",
                 every_action_is_a_box_of_its_length_with_its_number,
                 it_is_for_dark_pages_too_and_runs_nothing,
                 a_reduction_has_its_colour_and_legend,
                 the_width_is_as_asked_for,
                 more_actions_than_pixels_make_no_more_boxes,
                 a_step_without_events_is_an_empty_picture,
                 bad_widths_and_traces_are_refused, the_sinks_error_is_returned)

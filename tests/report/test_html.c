/* The page of HTML, as far as it can be judged without a browser; see
 * browser.sh for the rest. */
#include <sluice/report.h>

#include <locale.h>
#include <math.h>

#include <jansson.h>

#include "report/collect.h"
#include "report/html_data.h"
#include "report/page.h"
#include "support/runner.h"

static struct page page;
static struct collect got;

static void write_page(const sluice_html_report *report)
{
    sluice_diag why;
    collect_fini(&got);
    ck_assert_msg(!sluice_report_html(report, collect_sink(&got), &why), "%s",
                  why.text);
}

static void begin(const char *text)
{
    ck_assert(page_init(&page, text));
}

static void end(void)
{
    page_fini(&page);
    collect_fini(&got);
}

/* The JSON in the page; to be freed. */
static json_t *data_of_page(void)
{
    static const char start[] = "id=\"data\">";
    json_error_t error;
    const char *at = strstr(got.text, start);
    ck_assert_ptr_nonnull(at);
    at += sizeof start - 1;
    const char *stop = strstr(at, "</script>");
    ck_assert_ptr_nonnull(stop);
    json_t *data = json_loadb(at, (size_t)(stop - at), 0, &error);
    ck_assert_msg(data, "%s", error.text);
    return data;
}

static const char *number(double value)
{
    struct sl_out out;
    collect_fini(&got);
    sl_out_init(&out, collect_sink(&got), NULL);
    sl_html_number(&out, value);
    ck_assert_int_eq(sl_out_finish(&out), SLUICE_OK);
    return got.text;
}

START_TEST(all_parts_are_there_once)
{
    static const char *const parts[] = {
        "<!DOCTYPE html>",      "<div class=\"chart\" id=\"loss\"",
        "id=\"bubble\"",        "id=\"memory\"",
        "id=\"efficiency\"",    "<svg ",
        "Where the time went",  "Settings</h2>",
        "id=\"data\"",          "Copyright (c) 2022 Leon Sorokin",
        "<p class=\"advice\">", "</html>",
    };
    begin("a report");
    write_page(&page.report);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        ck_assert_msg(collect_count(&got, parts[i]) == 1, "%s: %d times",
                      parts[i], collect_count(&got, parts[i]));
    ck_assert_ptr_nonnull(strstr(got.text, page.attribution.advice.text));
    end();
}
END_TEST

START_TEST(text_is_shown_and_never_obeyed)
{
    begin("plain");
    write_page(&page.report);
    int scripts = collect_count(&got, "<script"),
        ends = collect_count(&got, "</script");
    end();
    begin(PAGE_HOSTILE);
    write_page(&page.report);
    ck_assert_int_eq(collect_count(&got, "<script"), scripts);
    ck_assert_int_eq(collect_count(&got, "</script"), ends);
    ck_assert_int_eq(collect_count(&got, "<img"), 0);
    ck_assert_int_eq(collect_count(&got, "<!--"), 0);
    ck_assert_int_gt(collect_count(&got, "&lt;/script&gt;&lt;script&gt;"), 5);
    ck_assert_int_gt(collect_count(&got, "\xC3\xA4 ? ?"), 5);
    end();
}
END_TEST

START_TEST(nothing_is_loaded_from_elsewhere)
{
    begin("plain");
    write_page(&page.report);
    ck_assert_int_eq(collect_count(&got, "src="), 0);
    ck_assert_int_eq(collect_count(&got, "href="), 0);
    ck_assert_int_eq(collect_count(&got, "url("), 0);
    ck_assert_int_eq(collect_count(&got, "@import"), 0);
    ck_assert_int_eq(collect_count(&got, "default-src 'none'"), 1);
    end();
}
END_TEST

START_TEST(parts_without_data_are_left_out)
{
    const sluice_html_report nothing = {0};
    write_page(&nothing);
    ck_assert_int_eq(collect_count(&got, "class=\"panel"), 0);
    ck_assert_int_eq(collect_count(&got, "<script"), 0);
    ck_assert_int_eq(collect_count(&got, "<title>Pipeline report</title>"), 1);
    begin("plain");
    sluice_html_report report = page.report;
    report.n_losses = report.n_epochs = 0;
    report.n_memory = 0;
    report.trace = NULL;
    report.attribution = NULL;
    report.n_settings = 0;
    report.cells_note = NULL;
    write_page(&report);
    ck_assert_int_eq(collect_count(&got, "class=\"panel"), 2);
    ck_assert_int_eq(collect_count(&got, "class=\"chart\""), 2);
    ck_assert_int_eq(collect_count(&got, "This run."), 0);
    ck_assert_int_eq(collect_count(&got, "<svg"), 0);
    end();
}
END_TEST

START_TEST(the_scripts_numbers_are_those_of_the_report)
{
    begin("plain");
    page.cells[3].bubble = NAN;
    page.cells[3].efficiency = INFINITY;
    page.losses[0].loss = -INFINITY;
    write_page(&page.report);
    json_t *data = data_of_page();
    const json_t *losses = json_object_get(data, "losses");
    const json_t *cells = json_object_get(data, "cells");
    const json_t *memory = json_object_get(data, "memory");
    ck_assert_int_eq(json_array_size(losses), PAGE_LOSSES);
    ck_assert(json_is_null(json_array_get(json_array_get(losses, 0), 1)));
    double loss =
        json_number_value(json_array_get(json_array_get(losses, 7), 1));
    ck_assert_double_eq_tol(loss, page.losses[7].loss, 1e-7);
    ck_assert_int_eq(json_array_size(json_object_get(data, "epochs")),
                     PAGE_EPOCHS);
    ck_assert_int_eq(json_array_size(cells), PAGE_CELLS);
    ck_assert(json_is_null(json_array_get(json_array_get(cells, 3), 2)));
    ck_assert(json_is_null(json_array_get(json_array_get(cells, 3), 3)));
    ck_assert_int_eq(json_array_size(memory), PAGE_MEMORY);
    ck_assert_int_eq(
        json_integer_value(json_array_get(json_array_get(memory, 1), 2)),
        page.memory[1].planned_bytes);
    json_decref(data);
    end();
}
END_TEST

START_TEST(figures_that_are_none_leave_their_panel_out)
{
    begin("plain");
    for (int i = 0; i < PAGE_CELLS; i++)
        page.cells[i].efficiency = NAN;
    for (int i = 0; i < PAGE_LOSSES; i++)
        page.losses[i].loss = NAN;
    page.report.n_epochs = 0;
    page.attribution.formula = NAN;
    write_page(&page.report);
    ck_assert_int_eq(collect_count(&got, "id=\"bubble\""), 1);
    ck_assert_int_eq(collect_count(&got, "id=\"efficiency\""), 0);
    ck_assert_int_eq(collect_count(&got, "id=\"loss\""), 0);
    ck_assert_int_eq(collect_count(&got, ">nan"), 0);
    ck_assert_int_gt(collect_count(&got, "<td>&ndash;</td>"), PAGE_CELLS);
    end();
}
END_TEST

START_TEST(a_prediction_is_shown_if_there_is_one)
{
    begin("plain");
    write_page(&page.report);
    ck_assert_int_eq(collect_count(&got, "<td>simulator"), 0);
    ck_assert_int_eq(collect_count(&got, "bubble less GPipe's formula"), 1);
    page.attribution.predicted = 0.4321;
    write_page(&page.report);
    ck_assert_int_eq(collect_count(&got, "<td>simulator"), 1);
    ck_assert_int_eq(collect_count(&got, "<td>43.21 %</td>"), 1);
    ck_assert_int_eq(collect_count(&got, "bubble less simulator"), 1);
    end();
}
END_TEST

START_TEST(numbers_are_json_in_every_locale)
{
    static const char *const locales[] = {"C", "de_DE.UTF-8", "ps_AF.UTF-8"};
    for (int i = 0; i < 3; i++) {
        setlocale(LC_ALL, locales[i]); /* if it is installed */
        ck_assert_str_eq(number(0), "0e0");
        ck_assert_str_eq(number(1), "1e0");
        ck_assert_str_eq(number(-0.125), "-125e-3");
        ck_assert_str_eq(number(1234567890123.0), "123456789e4");
        ck_assert_str_eq(number(1e308), "1e308");
        ck_assert_str_eq(number(5e-324), "494065646e-332");
        ck_assert_str_eq(number(NAN), "null");
        ck_assert_str_eq(number(-INFINITY), "null");
    }
    setlocale(LC_ALL, "C");
    collect_fini(&got);
}
END_TEST

static void refuse(const sluice_html_report *report, const char *sentence)
{
    sluice_diag why;
    collect_fini(&got);
    ck_assert_int_eq(sluice_report_html(report, collect_sink(&got), &why),
                     SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, sentence), "%s", why.text);
    ck_assert_int_eq(got.n_calls, 0);
}

START_TEST(what_cannot_be_is_refused_and_nothing_written)
{
    begin("plain");
    sluice_html_report report = page.report;
    report.n_cells = -1;
    refuse(&report, "negative count of rows");
    page.losses[2].step = -1;
    refuse(&page.report, "loss number 2");
    page.losses[2].step = 3;
    page.epochs[1].step = -1;
    refuse(&page.report, "epoch number 1");
    page.epochs[1].step = 100;
    page.cells[4].microbatches = 0;
    refuse(&page.report, "cell number 4");
    page.cells[4].microbatches = 1;
    page.memory[3].actual_bytes = -1;
    refuse(&page.report, "memory number 3");
    page.memory[3].actual_bytes = 0;
    const sluice_trace nobody = {0};
    page.report.trace = &nobody;
    refuse(&page.report, "");
    end();
}
END_TEST

START_TEST(the_sinks_error_is_returned_wherever_it_comes)
{
    begin("plain");
    write_page(&page.report);
    size_t whole = got.n;
    for (size_t limit = 1; limit < whole; limit += 5000) {
        struct collect full = {.limit = limit};
        sluice_diag why;
        ck_assert_int_eq(
            sluice_report_html(&page.report, collect_sink(&full), &why),
            SLUICE_IO);
        ck_assert_int_eq(why.status, SLUICE_IO);
        collect_fini(&full);
    }
    end();
}
END_TEST

SLUICE_TEST_MAIN("report.html", all_parts_are_there_once,
                 text_is_shown_and_never_obeyed,
                 nothing_is_loaded_from_elsewhere,
                 parts_without_data_are_left_out,
                 the_scripts_numbers_are_those_of_the_report,
                 figures_that_are_none_leave_their_panel_out,
                 a_prediction_is_shown_if_there_is_one,
                 numbers_are_json_in_every_locale,
                 what_cannot_be_is_refused_and_nothing_written,
                 the_sinks_error_is_returned_wherever_it_comes)

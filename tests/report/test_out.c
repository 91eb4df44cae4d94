/* Text on its way to a sink. */
#include "report/out.h"

#include "report/collect.h"
#include "support/runner.h"

static struct sl_out out;
static struct collect got;

static void begin(void)
{
    collect_fini(&got);
    sl_out_init(&out, collect_sink(&got), NULL);
}

static const char *end(void)
{
    ck_assert_int_eq(sl_out_finish(&out), SLUICE_OK);
    return got.text;
}

static const char *decimal(int64_t value, int places)
{
    begin();
    sl_out_decimal(&out, value, places);
    return end();
}

START_TEST(decimals_are_exact)
{
    ck_assert_str_eq(decimal(12345, 3), "12.345");
    ck_assert_str_eq(decimal(5, 3), "0.005");
    ck_assert_str_eq(decimal(-5, 3), "-0.005");
    ck_assert_str_eq(decimal(-12, 0), "-12");
    ck_assert_str_eq(decimal(0, 2), "0.00");
    ck_assert_str_eq(decimal(INT64_MAX, 6), "9223372036854.775807");
    ck_assert_str_eq(decimal(INT64_MIN, 6), "-9223372036854.775808");
    collect_fini(&got);
}
END_TEST

static const char *xml(const char *text)
{
    begin();
    sl_out_xml(&out, text);
    return end();
}

static const char *json(const char *text)
{
    begin();
    sl_out_json(&out, text);
    return end();
}

START_TEST(what_means_something_to_xml_or_json_is_escaped)
{
    ck_assert_str_eq(xml("a<b>&\"c\\'"), "a&lt;b&gt;&amp;&quot;c\\'");
    ck_assert_str_eq(json("a<b>&\"c\\'"), "a<b>&\\\"c\\\\'");
    collect_fini(&got);
}
END_TEST

START_TEST(what_is_no_utf8_or_no_character_becomes_a_question_mark)
{
    ck_assert_str_eq(xml("\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80"),
                     "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80");
    ck_assert_str_eq(xml("\x01\t\n\x7F"), "????");
    ck_assert_str_eq(xml("\xC3"), "?");
    ck_assert_str_eq(xml("\xC3x"), "?x");
    ck_assert_str_eq(xml("\xC0\x80\xC1\xBF"), "????");
    ck_assert_str_eq(xml("\xC2\x80"), "??");           /* a control */
    ck_assert_str_eq(xml("\xE0\x80\x80"), "???");      /* overlong */
    ck_assert_str_eq(xml("\xED\xA0\x80"), "???");      /* a surrogate */
    ck_assert_str_eq(xml("\xEF\xBF\xBE"), "???");      /* U+FFFE */
    ck_assert_str_eq(xml("\xF0\x80\x80\x80"), "????"); /* overlong */
    ck_assert_str_eq(xml("\xF4\x90\x80\x80"), "????"); /* beyond U+10FFFF */
    ck_assert_str_eq(xml("\xF5\x80\x80\x80"), "????");
    ck_assert_str_eq(json("\xE2\x82"), "??");
    collect_fini(&got);
}
END_TEST

START_TEST(much_text_arrives_in_order_and_in_pieces)
{
    begin();
    for (int i = 0; i < 5000; i++)
        sl_out_format(&out, "%d,", i);
    end();
    ck_assert_int_gt(got.n_calls, 2);
    const char *at = got.text;
    for (int i = 0; i < 5000; i++) {
        char *after;
        ck_assert_int_eq(strtol(at, &after, 10), i);
        ck_assert_int_eq(*after, ',');
        at = after + 1;
    }
    ck_assert_int_eq(*at, '\0');
    collect_fini(&got);
}
END_TEST

START_TEST(the_first_error_sticks_and_ends_the_calls)
{
    sluice_diag why;
    got.limit = 2 * SL_OUT_BYTES;
    sl_out_init(&out, collect_sink(&got), &why);
    for (int i = 0; i < 10 * SL_OUT_BYTES; i++)
        sl_out_text(&out, "x");
    ck_assert_int_eq(sl_out_finish(&out), SLUICE_IO);
    ck_assert_int_eq(why.status, SLUICE_IO);
    ck_assert_int_eq(got.n_calls, 3);
    ck_assert_int_eq(got.n, 2 * SL_OUT_BYTES);
    collect_fini(&got);
}
END_TEST

SLUICE_TEST_MAIN("report.out", decimals_are_exact,
                 what_means_something_to_xml_or_json_is_escaped,
                 what_is_no_utf8_or_no_character_becomes_a_question_mark,
                 much_text_arrives_in_order_and_in_pieces,
                 the_first_error_sticks_and_ends_the_calls)

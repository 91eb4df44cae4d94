/* Real numbers as text: what is one, and the shortest that reads as it. */
#include "base/text/real_text.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <string.h>

#include "support/runner.h"

static bool no_memory; /* for a locale */

locale_t __real_newlocale(int mask, const char *name, locale_t base);
locale_t __wrap_newlocale(int mask, const char *name, locale_t base);

locale_t __wrap_newlocale(int mask, const char *name, locale_t base)
{
    return no_memory ? (locale_t)0 : __real_newlocale(mask, name, base);
}

START_TEST(a_number_is_decimal_and_finite)
{
    static const char *const none[] = {
        "",      "+1",     "e5", "E5",  "-",   "e",   "1-2", "1.2.3",
        "1e999", "-1e999", "1e", "0x1", "nan", "inf", " 1",  "1 "};
    double value = 7;
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        ck_assert_msg(!sl_real_read(none[i], &value), "%s", none[i]);
        ck_assert(value == 7);
    }
    ck_assert(sl_real_read("0.25", &value) && value == 0.25);
    ck_assert(sl_real_read("-1E+3", &value) && value == -1000);
    ck_assert(sl_real_read(".5", &value) && value == 0.5);
}
END_TEST

START_TEST(a_number_of_a_list_has_31_bytes_at_most)
{
    for (size_t n = SL_REAL_TEXT - 1; n <= SL_REAL_TEXT; n++) {
        char text[2 * SL_REAL_TEXT] = "0.25";
        const char *list = text;
        double value = 7;
        memset(text + 4, '0', n - 4);
        ck_assert_int_eq(sl_real_next(&list, &value), n < SL_REAL_TEXT);
        ck_assert(value == (n < SL_REAL_TEXT ? 0.25 : 7));
        ck_assert_ptr_eq(list, n < SL_REAL_TEXT ? text + n : text);
    }
}
END_TEST

START_TEST(a_number_is_written_with_as_few_digits_as_it_needs)
{
    static const struct {
        double value;
        bool is_float;
        const char *text;
    } numbers[] = {{1.0 / 3, false, "0.3333333333333333"},
                   {0.1 + 0.2, false, "0.30000000000000004"},
                   {1.0f / 3, true, "0.33333334"},
                   {0.1f, true, "0.1"},
                   {0.1f, false, "0.10000000149011612"},
                   {-12, false, "-12"},
                   {DBL_MAX, false, "1.7976931348623157e+308"},
                   {INFINITY, false, "inf"}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        char text[SL_REAL_TEXT];
        sl_real_write(numbers[i].value, numbers[i].is_float, text);
        ck_assert_str_eq(text, numbers[i].text);
    }
}
END_TEST

/* As locales write them: a comma, an Arabic separator of two bytes. */
START_TEST(a_number_is_read_without_memory_for_a_locale)
{
    double value = 7;
    no_memory = true;
    ck_assert(sl_real_read("0.25", &value) && value == 0.25);
    ck_assert(!sl_real_read("1.2.3", &value) && value == 0.25);
    no_memory = false;
}
END_TEST

START_TEST(the_separator_of_a_locale_becomes_a_point)
{
    static const char *const texts[][2] = {{"0,5", "0.5"},
                                           {"-1,25e+30", "-1.25e+30"},
                                           {"123\u066b75", "123.75"},
                                           {"0.5", "0.5"},
                                           {"12", "12"},
                                           {"1e-05", "1e-05"},
                                           {"-1\u066b5e-07", "-1.5e-07"}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char room[2 * SL_REAL_TEXT] = "", *text = room + SL_REAL_TEXT;
        strcpy(text, texts[i][0]);
        sl_real_point(text);
        ck_assert_str_eq(text, texts[i][1]);
    }
}
END_TEST

SLUICE_TEST_MAIN("base.real_text", a_number_is_decimal_and_finite,
                 a_number_of_a_list_has_31_bytes_at_most,
                 a_number_is_written_with_as_few_digits_as_it_needs,
                 a_number_is_read_without_memory_for_a_locale,
                 the_separator_of_a_locale_becomes_a_point)

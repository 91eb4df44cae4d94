/* Numbers of a command line: what is taken, and that junk is refused. */
#include "bench/cli/number.h"

#include "support/runner.h"

#include <string.h>

START_TEST(integers_are_taken_within_their_bounds)
{
    int64_t v = 0;
    ck_assert_int_eq(number_parse_integer("1", 1, 64, &v, NULL), SLUICE_OK);
    ck_assert_int_eq(v, 1);
    ck_assert_int_eq(number_parse_integer("64", 1, 64, &v, NULL), SLUICE_OK);
    ck_assert_int_eq(v, 64);
    ck_assert_int_eq(number_parse_integer("-3", -3, 0, &v, NULL), SLUICE_OK);
    ck_assert_int_eq(v, -3);
    ck_assert_int_eq(
        number_parse_integer("9223372036854775807", 0, INT64_MAX, &v, NULL),
        SLUICE_OK);
    ck_assert_int_eq(v, INT64_MAX);
}
END_TEST

START_TEST(integers_that_are_junk_are_refused)
{
    static const char *const junk[] = {"",
                                       " 1",
                                       "1 ",
                                       "0x1",
                                       "1e1",
                                       "1.0",
                                       "two",
                                       "+1",
                                       "--1",
                                       "-",
                                       "0",
                                       "65",
                                       "9223372036854775808"};
    for (size_t i = 0; i < sizeof junk / sizeof *junk; i++) {
        int64_t v = 7;
        sluice_diag why = {0};
        ck_assert_int_eq(number_parse_integer(junk[i], 1, 64, &v, &why),
                         SLUICE_INVALID);
        ck_assert_int_eq(v, 7);
        ck_assert_ptr_nonnull(strstr(why.text, "an integer from 1 to 64"));
    }
}
END_TEST

START_TEST(fractions_are_taken_in_decimal)
{
    double v = 0;
    ck_assert_int_eq(number_parse_real("0.1", 0, 1, &v, NULL), SLUICE_OK);
    ck_assert_double_eq(v, 0.1);
    ck_assert_int_eq(number_parse_real("1e-3", 0, 1, &v, NULL), SLUICE_OK);
    ck_assert_double_eq(v, 1e-3);
    ck_assert_int_eq(number_parse_real(".5", 0, 1, &v, NULL), SLUICE_OK);
    ck_assert_double_eq(v, .5);
    ck_assert_int_eq(number_parse_real("0", 0, 1, &v, NULL), SLUICE_OK);
    ck_assert_double_eq(v, 0);
    ck_assert_int_eq(number_parse_real("1", 0, 1, &v, NULL), SLUICE_OK);
    ck_assert_double_eq(v, 1);
    static const char behind[] = "x-0.5"; /* what is before it is not read */
    ck_assert_int_eq(number_parse_real(behind + 1, -1, 1, &v, NULL), SLUICE_OK);
    ck_assert_double_eq(v, -0.5);
}
END_TEST

START_TEST(fractions_that_are_junk_are_refused)
{
    static const char *const junk[] = {
        "",   ".",    "nan", "inf",   "0x1p-1", "0X1", "1,5",
        " 1", "0.5 ", "1e",  "1.5.2", "-0.1",   "1.1", "1e999",
    };
    for (size_t i = 0; i < sizeof junk / sizeof *junk; i++) {
        double v = 7;
        ck_assert_msg(number_parse_real(junk[i], 0, 1, &v, NULL) ==
                          SLUICE_INVALID,
                      "\"%s\" was taken", junk[i]);
        ck_assert_double_eq(v, 7);
    }
}
END_TEST

START_TEST(times_need_their_unit)
{
    static const struct {
        const char *text;
        int64_t ns;
    } times[] = {{"7ns", 7},
                 {"100us", 100000},
                 {"1ms", 1000000},
                 {"1.5ms", 1500000},
                 {"2s", INT64_C(2000000000)},
                 {"0ms", 0},
                 {"3600s", INT64_C(3600000000000)}};
    static const char *const junk[] = {"1",    "ms",   "1 ms",  "1m",
                                       "-1ms", "1msx", "3601s", ""};
    int64_t ns = -1;
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        ck_assert_int_eq(number_parse_time(times[i].text, &ns, NULL),
                         SLUICE_OK);
        ck_assert_int_eq(ns, times[i].ns);
    }
    for (size_t i = 0; i < sizeof junk / sizeof *junk; i++)
        ck_assert_int_eq(number_parse_time(junk[i], &ns, NULL), SLUICE_INVALID);
}
END_TEST

START_TEST(bytes_take_powers_of_1024)
{
    uint64_t bytes = 0;
    ck_assert_int_eq(number_parse_bytes("4096", &bytes, NULL), SLUICE_OK);
    ck_assert_uint_eq(bytes, 4096);
    ck_assert_int_eq(number_parse_bytes("1.5K", &bytes, NULL), SLUICE_OK);
    ck_assert_uint_eq(bytes, 1536);
    ck_assert_int_eq(number_parse_bytes("2G", &bytes, NULL), SLUICE_OK);
    ck_assert_uint_eq(bytes, UINT64_C(2) << 30);
    ck_assert_int_eq(number_parse_bytes("4096T", &bytes, NULL), SLUICE_OK);
    ck_assert_uint_eq(bytes, UINT64_C(1) << 52);
    ck_assert_int_eq(number_parse_bytes("4097T", &bytes, NULL), SLUICE_INVALID);
    ck_assert_int_eq(number_parse_bytes("1k", &bytes, NULL), SLUICE_INVALID);
    ck_assert_int_eq(number_parse_bytes("-1", &bytes, NULL), SLUICE_INVALID);
    ck_assert_int_eq(number_parse_bytes("9999T", &bytes, NULL), SLUICE_INVALID);
}
END_TEST

SLUICE_TEST_MAIN("bench.number", integers_are_taken_within_their_bounds,
                 integers_that_are_junk_are_refused,
                 fractions_are_taken_in_decimal,
                 fractions_that_are_junk_are_refused, times_need_their_unit,
                 bytes_take_powers_of_1024)

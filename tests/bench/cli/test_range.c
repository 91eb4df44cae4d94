/* Lists and ranges of integers. */
#include "bench/cli/range.h"

#include "support/runner.h"

#include <string.h>

struct example {
    const char *text;
    int n;
    int values[10];
};

START_TEST(lists_and_ranges_give_their_values)
{
    static const struct example examples[] = {
        {"5", 1, {5}},
        {"2,4,8", 3, {2, 4, 8}},
        {"1-4", 4, {1, 2, 3, 4}},
        {"1-9+2", 5, {1, 3, 5, 7, 9}},
        {"1-8+2", 4, {1, 3, 5, 7}},
        {"1-64*2", 7, {1, 2, 4, 8, 16, 32, 64}},
        {"3-50*4", 3, {3, 12, 48}},
        {"7-7", 1, {7}},
        {"1,2-8+2,16", 6, {1, 2, 4, 6, 8, 16}},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        struct range range;
        ck_assert_int_eq(range_parse(examples[i].text, 1, 64, &range, NULL),
                         SLUICE_OK);
        ck_assert_int_eq(range.n, examples[i].n);
        for (int k = 0; k < range.n; k++)
            ck_assert_int_eq(range.values[k], examples[i].values[k]);
    }
}
END_TEST

START_TEST(junk_is_refused)
{
    static const char *const junk[] = {
        "",    ",",     "1,",    ",1",    "1,,2",    "a",     "1-",  "-1",
        "8-1", "1-2-3", "1-8*1", "1-8*0", "1-8+0",   "1-8+",  "4*2", "4+1",
        "0",   "65",    "1-65",  "1 ,2",  "1-8*2*2", "1-8*-2"};
    for (size_t i = 0; i < sizeof junk / sizeof *junk; i++) {
        struct range range = {.n = 7};
        sluice_diag why = {0};
        ck_assert_msg(range_parse(junk[i], 1, 64, &range, &why) ==
                          SLUICE_INVALID,
                      "\"%s\" was taken", junk[i]);
        ck_assert_int_eq(range.n, 7);
        ck_assert_int_gt(strlen(why.text), 0);
    }
}
END_TEST

START_TEST(a_list_that_is_too_long_is_refused)
{
    struct range range;
    ck_assert_int_eq(range_parse("1-128", 1, 1000, &range, NULL), SLUICE_OK);
    ck_assert_int_eq(range.n, RANGE_MAX);
    ck_assert_int_eq(range_parse("1-129", 1, 1000, &range, NULL),
                     SLUICE_INVALID);
}
END_TEST

START_TEST(a_multiplied_zero_ends)
{
    struct range range;
    ck_assert_int_eq(range_parse("0-8*2", 0, 64, &range, NULL), SLUICE_OK);
    ck_assert_int_eq(range.n, 1);
}
END_TEST

START_TEST(an_item_may_have_63_bytes_and_no_more)
{
    char text[] = "0000000000000000000000000000000000000000000000000000000000"
                  "000001";
    struct range range;
    sluice_diag why;
    ck_assert_uint_eq(strlen(text), 64);
    ck_assert_int_eq(range_parse(text, 0, 64, &range, &why), SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, "is not a list such as"), "%s", why.text);
    ck_assert_int_eq(range_parse(text + 1, 0, 64, &range, NULL), SLUICE_OK);
    ck_assert_int_eq(range.values[0], 1);
}
END_TEST

START_TEST(the_largest_and_the_smallest_are_of_the_list)
{
    const struct range large = {.n = 3, .values = {4, 7, 2, 9}};
    const struct range small = {.n = 3, .values = {4, 7, 2, 1}};
    ck_assert_int_eq(range_largest(&large), 7);
    ck_assert_int_eq(range_smallest(&small), 2);
}
END_TEST

SLUICE_TEST_MAIN("bench.range", lists_and_ranges_give_their_values,
                 junk_is_refused, a_list_that_is_too_long_is_refused,
                 a_multiplied_zero_ends, an_item_may_have_63_bytes_and_no_more,
                 the_largest_and_the_smallest_are_of_the_list)

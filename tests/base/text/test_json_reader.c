/* JSON piece by piece: what is taken, what is refused and where. */
#include "base/text/json_reader.h"

#include <string.h>

#include "support/runner.h"

static struct sl_json of(const char *text)
{
    return sl_json_of(text, strlen(text));
}

static void assert_wrong(const struct sl_json *json, size_t at,
                         const char *says)
{
    ck_assert_ptr_nonnull(json->wrong);
    ck_assert_str_eq(json->wrong, says);
    ck_assert_uint_eq(json->at, at);
}

START_TEST(items_come_one_by_one_until_the_bracket)
{
    struct sl_json json = of(" [ 1 , 20,-3 ] ");
    int64_t sum = 0, number;
    size_t i = 0;
    ck_assert(sl_json_open(&json, '['));
    for (; sl_json_item(&json, ']', i); i++) {
        ck_assert(sl_json_integer(&json, &number));
        sum += number;
    }
    ck_assert_uint_eq(i, 3);
    ck_assert_int_eq(sum, 18);
    ck_assert(sl_json_end(&json));
}
END_TEST

START_TEST(an_empty_list_has_no_item)
{
    struct sl_json json = of("{}");
    ck_assert(sl_json_open(&json, '{'));
    ck_assert(!sl_json_item(&json, '}', 0));
    ck_assert(!json.wrong);
    ck_assert(sl_json_end(&json));
}
END_TEST

START_TEST(four_characters_are_blank_and_no_other)
{
    static const char blanks[] = " \n\t\r";
    for (int c = 1; c < 128; c++) {
        char text[] = {(char)c, '[', ']', (char)c, '\0'};
        struct sl_json json = of(text);
        bool is_blank = strchr(blanks, c) != NULL;
        ck_assert_msg(sl_json_accept(&json, '[') == (is_blank || c == '['),
                      "%d", c);
        if (is_blank)
            ck_assert(sl_json_accept(&json, ']') && sl_json_end(&json));
    }
}
END_TEST

START_TEST(what_is_missing_is_told_with_its_place)
{
    struct sl_json_string string;
    int64_t number;
    struct sl_json json = of(" 1");
    ck_assert(!sl_json_open(&json, '{'));
    assert_wrong(&json, 1, "an object, {, is expected");
    json = of("{");
    ck_assert(!sl_json_open(&json, '['));
    assert_wrong(&json, 0, "a list, [, is expected");
    json = of("[1;");
    sl_json_open(&json, '[');
    sl_json_integer(&json, &number);
    ck_assert(!sl_json_item(&json, ']', 1));
    assert_wrong(&json, 2, "a comma or ] is expected");
    json = of("x");
    ck_assert(!sl_json_item(&json, '}', 1));
    assert_wrong(&json, 0, "a comma or } is expected");
    json = of("\"a\" 1");
    ck_assert(!sl_json_key(&json, &string));
    assert_wrong(&json, 4, "a colon is expected");
    json = of("a");
    ck_assert(!sl_json_string(&json, &string));
    assert_wrong(&json, 0, "a string is expected");
    json = of("1 2");
    ck_assert(sl_json_skip(&json) && !sl_json_end(&json));
    assert_wrong(&json, 2, "there is more behind the end");
}
END_TEST

/* The first thing that is wrong stays, whatever is asked for then. */
START_TEST(a_reader_goes_no_further_than_what_is_wrong)
{
    struct sl_json_string string;
    int64_t number;
    struct sl_json json = of("? 1 \"a\" [");
    ck_assert(!sl_json_string(&json, &string));
    ck_assert(!sl_json_integer(&json, &number));
    ck_assert(!sl_json_skip(&json) && !sl_json_end(&json));
    ck_assert(!sl_json_accept(&json, '?') && !sl_json_open(&json, '['));
    ck_assert(!sl_json_item(&json, ']', 0) && !sl_json_item(&json, ']', 1));
    ck_assert(!sl_json_key(&json, &string));
    assert_wrong(&json, 0, "a string is expected");
}
END_TEST

START_TEST(integers_are_those_of_64_bits)
{
    static const struct {
        const char *text;
        int64_t number;
    } good[] = {{"0", 0},
                {"-0", 0},
                {" 12", 12},
                {"-7]", -7},
                {"9223372036854775807", INT64_MAX},
                {"-9223372036854775808", INT64_MIN}};
    static const char *const bad[] = {
        "",   "-", "01", "-01", "1.0", "1e3",  "1E3",   "+1", "0x1",
        ".5", "a", "1.", "1e",  "1e+", "null", "\"1\"", "[1]"};
    static const char *const large[] = {
        "9223372036854775808", "-9223372036854775809", "99999999999999999999"};
    int64_t number;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct sl_json json = of(good[i].text);
        ck_assert(sl_json_integer(&json, &number));
        ck_assert_int_eq(number, good[i].number);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct sl_json json = of(bad[i]);
        bool taken = sl_json_integer(&json, &number);
        if (!strcmp(bad[i], "0x1")) /* a 0, and then no JSON */
            ck_assert(taken && !sl_json_end(&json));
        else
            assert_wrong(&json, 0, "an integer is expected");
    }
    for (size_t i = 0; i < sizeof large / sizeof *large; i++) {
        struct sl_json json = of(large[i]);
        ck_assert(!sl_json_integer(&json, &number));
        assert_wrong(&json, 0, "an integer is too large");
    }
}
END_TEST

START_TEST(what_stands_behind_the_text_is_not_read)
{
    int64_t number = 0;
    struct sl_json json = sl_json_of("12", 1);
    ck_assert(sl_json_integer(&json, &number));
    ck_assert_int_eq(number, 1);
    ck_assert(sl_json_end(&json));
    json = sl_json_of("1 2", 2);
    ck_assert(sl_json_skip(&json) && sl_json_end(&json));
}
END_TEST

START_TEST(escapes_mean_their_characters)
{
    static const struct {
        const char *text;
        const char *means;
    } strings[] = {
        {"\"\"", ""},
        {"\"a b\"", "a b"},
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"},
        {"\"\\u0041\\u00e9\\u20AC\"", "A\xc3\xa9\xe2\x82\xac"},
        {"\"\\uD83D\\uDE00\"", "\xf0\x9f\x98\x80"},
        {"\"\\uD800\\uDC00\"", "\xf0\x90\x80\x80"},
        {"\"\\uDBFF\\uDFFF\"", "\xf4\x8f\xbf\xbf"},
        {"\"\\uD7FF\\uE000\"", "\xed\x9f\xbf\xee\x80\x80"},
        {"\"\\u00ff\\u00FA\\u09a0\"", "\xc3\xbf\xc3\xba\xe0\xa6\xa0"},
        {"\"\xc3\xa9\x7f\"", "\xc3\xa9\x7f"},
    };
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++) {
        struct sl_json json = of(strings[i].text);
        struct sl_json_string string;
        char to[64];
        ck_assert(sl_json_string(&json, &string));
        ck_assert_uint_eq(string.n, strlen(strings[i].text) - 2);
        to[sl_json_decode(&string, to)] = '\0';
        ck_assert_str_eq(to, strings[i].means);
        ck_assert(sl_json_end(&json));
    }
}
END_TEST

START_TEST(a_string_is_resolved_where_it_stands)
{
    char text[] = " \"\\u20ac\\ud83d\\ude00\\n\\u0041z\"";
    struct sl_json json = of(text);
    struct sl_json_string string;
    ck_assert(sl_json_string(&json, &string));
    const char *settled = sl_json_settle(&json, text, &string);
    ck_assert_ptr_eq(settled, text + 2);
    ck_assert_str_eq(settled, "\xe2\x82\xac\xf0\x9f\x98\x80\nAz");
}
END_TEST

START_TEST(bad_strings_are_refused_at_the_character)
{
    static const char *const bad[] = {"\"a\\x\"",
                                      "\"a\\",
                                      "\"a\\u12\"",
                                      "\"a\\u12g4\"",
                                      "\"a\\u0000\"",
                                      "\"a\n\"",
                                      "\"a\x1f\"",
                                      "\"a\xff\"",
                                      "\"a\xc3\"",
                                      "\"a\\ud83d\"",
                                      "\"a\\ude00\"",
                                      "\"a\\udc00\\udc00\"",
                                      "\"a\\udfff\"",
                                      "\"a\\ud800\\udbff\"",
                                      "\"a\\ud800\\ue000\"",
                                      "\"a\\ud83d\\n\"",
                                      "\"a\\ud83d\\u0041\"",
                                      "\"a\\ud83d\\udc\"",
                                      "\"a\\ud83dxude00\"",
                                      "\"a\xed\xa0\x80\""};
    struct sl_json_string string;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct sl_json json = of(bad[i]);
        ck_assert_msg(!sl_json_string(&json, &string), "%s", bad[i]);
        assert_wrong(&json, 2, "no character of a string");
    }
    struct sl_json json = sl_json_of("\"a\0\"", 4);
    ck_assert(!sl_json_string(&json, &string));
    assert_wrong(&json, 2, "no character of a string");
    json = of(" \"abc");
    ck_assert(!sl_json_string(&json, &string));
    assert_wrong(&json, 1, "a string without an end");
}
END_TEST

START_TEST(values_are_passed_over_to_a_depth)
{
    static const char *const good[] = {
        "{\"a\": [1, {\"b\": [], \"c\": {}}, \"]\"], \"d\": -1.5e-3}",
        "[[], [[]], [[], []]]",
        "[1e5, 2E+10, true, false, null]",
        "true",
        "false",
        "null",
        "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]"};
    static const struct {
        const char *text;
        size_t at;
        const char *says;
    } bad[] = {
        {"[1,]", 3, "a value is expected"},
        {"{\"a\":1,}", 7, "a string is expected"},
        {"{\"a\"}", 4, "a colon is expected"},
        {"[}", 1, "a value is expected"},
        {"[1}", 2, "a comma or ] is expected"},
        {"[[[[[[[[[[[[[[[[[", 16, "too many lists in lists"},
        {"tru", 0, "a value is expected"},
        {"", 0, "a value is expected"},
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct sl_json json = of(good[i]);
        ck_assert_msg(sl_json_skip(&json) && sl_json_end(&json), "%s", good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct sl_json json = of(bad[i].text);
        ck_assert_msg(!sl_json_skip(&json), "%s", bad[i].text);
        assert_wrong(&json, bad[i].at, bad[i].says);
    }
}
END_TEST

START_TEST(a_string_is_compared_by_what_it_means)
{
    static const struct {
        const char *text;
        bool is_word;
    } strings[] = {{"\"stages\"", true},
                   {"\"st\\u0061ges\"", true},
                   {"\"stage\"", false},
                   {"\"stagess\"", false},
                   {"\"\\u0073\\u0074\\u0061\\u0067\\u0065\\u0073\"", true},
                   {"\"\"", false}};
    char longest[1024];
    struct sl_json_string string;
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++) {
        struct sl_json json = of(strings[i].text);
        ck_assert(sl_json_string(&json, &string));
        ck_assert_int_eq(sl_json_means(&string, "stages"), strings[i].is_word);
    }
    memset(longest, 's', sizeof longest);
    longest[0] = longest[sizeof longest - 1] = '"';
    struct sl_json json = sl_json_of(longest, sizeof longest);
    ck_assert(sl_json_string(&json, &string));
    ck_assert(!sl_json_means(&string, "stages"));
}
END_TEST

SLUICE_TEST_MAIN(
    "base.json_reader", items_come_one_by_one_until_the_bracket,
    an_empty_list_has_no_item, four_characters_are_blank_and_no_other,
    what_is_missing_is_told_with_its_place,
    a_reader_goes_no_further_than_what_is_wrong, integers_are_those_of_64_bits,
    what_stands_behind_the_text_is_not_read, escapes_mean_their_characters,
    a_string_is_resolved_where_it_stands,
    bad_strings_are_refused_at_the_character, values_are_passed_over_to_a_depth,
    a_string_is_compared_by_what_it_means)

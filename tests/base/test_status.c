/* Diagnoses: what a sentence may contain. */
#include <sluice/status.h>

#include "support/runner.h"

static const char *said(const char *text)
{
    static sluice_diag why;
    ck_assert_int_eq(sluice_diag_set(&why, SLUICE_FORMAT, "\"%s\"", text),
                     SLUICE_FORMAT);
    return why.text;
}

START_TEST(control_characters_of_what_is_quoted_are_replaced)
{
    ck_assert_str_eq(said("4-\n2"), "\"4-?2\"");
    ck_assert_str_eq(said("4-\r\t\x1b[31m2\x7f"), "\"4-???[31m2?\"");
    ck_assert_str_eq(said("\xc2\x9b"
                          "31m"),
                     "\"??31m\"");
    for (int c = 1; c < 256; c++) {
        char text[] = {(char)c, 0, 0}, wanted[] = "\"?\"";
        if (c >= ' ' && c < 0x7f)
            wanted[1] = (char)c;
        ck_assert_str_eq(said(text), wanted);
    }
}
END_TEST

START_TEST(utf8_stays_and_what_is_none_is_replaced)
{
    ck_assert_str_eq(said("d\xc3\xbcnn \xe2\x82\xac \xf0\x9f\x98\x80"),
                     "\"d\xc3\xbcnn \xe2\x82\xac \xf0\x9f\x98\x80\"");
    ck_assert_str_eq(said("\xc0\xaf"), "\"??\"");           /* overlong */
    ck_assert_str_eq(said("\xed\xa0\x80"), "\"???\"");      /* a surrogate */
    ck_assert_str_eq(said("\xf4\x90\x80\x80"), "\"????\""); /* beyond */
    ck_assert_str_eq(said("\xe2\x82"), "\"??\"");           /* cut off */
}
END_TEST

START_TEST(a_character_that_the_end_of_the_text_cuts_is_replaced)
{
    sluice_diag why;
    char text[SLUICE_DIAG_TEXT + 8];
    memset(text, 'x', sizeof text);
    strcpy(text + SLUICE_DIAG_TEXT - 3, "\xe2\x82\xac");
    sluice_diag_set(&why, SLUICE_FORMAT, "%s", text);
    ck_assert_uint_eq(strlen(why.text), SLUICE_DIAG_TEXT - 1);
    ck_assert_str_eq(why.text + SLUICE_DIAG_TEXT - 4, "x??");
}
END_TEST

SLUICE_TEST_MAIN("base.status",
                 control_characters_of_what_is_quoted_are_replaced,
                 utf8_stays_and_what_is_none_is_replaced,
                 a_character_that_the_end_of_the_text_cuts_is_replaced)

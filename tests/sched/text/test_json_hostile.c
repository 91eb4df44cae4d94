/* Damaged JSON is refused in a sentence or read as something else; nothing
 * worse. */
#include "sched/text/hostile.h"

#include "support/runner.h"

static const char *const whole[] = {
    "{\"devices\": 2, \"stages\": 2, \"copies\": 1, \"microbatches\": 1, "
    "\"stage_device\": [0, 1], \"actions\": [[\"0F0\", \"0SEND_F0\", "
    "\"0RECV_B0\", \"0B0\", \"0UPDATE\"], [\"1RECV_F0\", \"1F0\", \"1I0\", "
    "\"1SEND_B0\", \"1W0\", \"1UPDATE@2\"]]}",
    "\n{\"devices\":2,\"stages\":2,\"copies\":2,\"microbatches\":2,"
    "\"stage_device\":[0,1],\"actions\":[[\"0F0@1\"],[]]}",
};

enum { N_WHOLE = (int)(sizeof whole / sizeof *whole) };

START_TEST(what_is_whole_is_read)
{
    for (int i = 0; i < N_WHOLE; i++)
        ck_assert_int_eq(promise_one(&json_form, whole[i], strlen(whole[i])),
                         SLUICE_OK);
}
END_TEST

START_TEST(all_truncations_are_refused)
{
    for (int i = 0; i < N_WHOLE; i++)
        ck_assert_int_eq(hostile_truncate(&json_form, whole[i]), 0);
}
END_TEST

START_TEST(no_flipped_byte_breaks_a_promise)
{
    for (int i = 0; i < N_WHOLE; i++)
        hostile_flip(&json_form, whole[i]);
}
END_TEST

START_TEST(lists_in_lists_are_refused_however_deep)
{
    enum { DEPTH = 1 << 20 };
    char *text = malloc(DEPTH);
    ck_assert_ptr_nonnull(text);
    memset(text, '[', DEPTH);
    ck_assert_int_eq(promise_one(&json_form, text, DEPTH), SLUICE_FORMAT);
    free(text);
}
END_TEST

START_TEST(words_in_any_order_break_no_promise)
{
    static const char *const words[] = {
        "{",           "}",          "[",           "]",
        ",",           ":",          "1",           "0",
        "-1",          "2",          "1.0",         "9999999999999999999999",
        "null",        "true",       "\"0F0\"",     "\"0UPDATE\"",
        "\"stages\"",  "\"copies\"", "\"actions\"", "\"devices\"",
        "\"\\u0000\"", "\"\\ud800\""};
    hostile_mix(&json_form, "{\"devices\":", words,
                sizeof words / sizeof *words);
}
END_TEST

SLUICE_TEST_MAIN("sched.json_hostile", what_is_whole_is_read,
                 all_truncations_are_refused, no_flipped_byte_breaks_a_promise,
                 lists_in_lists_are_refused_however_deep,
                 words_in_any_order_break_no_promise)

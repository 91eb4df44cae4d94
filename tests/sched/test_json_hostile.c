/* Damaged JSON is refused in a sentence or read as something else; nothing
 * worse. */
#include "sched/json_promises.h"

#include "support/runner.h"

static const char *const whole[] = {
    "{\"devices\": 2, \"stages\": 2, \"copies\": 1, \"microbatches\": 1, "
    "\"stage_device\": [0, 1], \"actions\": [[\"0F0\", \"0SEND_F0\", "
    "\"0RECV_B0\", \"0B0\", \"0UPDATE\"], [\"1RECV_F0\", \"1F0\", \"1I0\", "
    "\"1SEND_B0\", \"1W0\", \"1UPDATE@2\"]]}",
    "{\"devices\":2,\"stages\":2,\"copies\":2,\"microbatches\":2,"
    "\"stage_device\":[0,1],\"actions\":[[\"0F0@1\"],[]]}\n",
};

enum { N_WHOLE = (int)(sizeof whole / sizeof *whole) };

START_TEST(what_is_whole_is_read)
{
    for (int i = 0; i < N_WHOLE; i++)
        ck_assert_int_eq(json_one(whole[i], strlen(whole[i])), SLUICE_OK);
}
END_TEST

START_TEST(no_truncation_breaks_a_promise)
{
    for (int i = 0; i < N_WHOLE; i++)
        for (size_t n = 0; n + 1 < strlen(whole[i]); n++) {
            /* A block of its own, so that a sanitizer sees a byte too much. */
            char *copy = malloc(n + !n);
            ck_assert_ptr_nonnull(copy);
            memcpy(copy, whole[i], n);
            ck_assert_int_eq(json_one(copy, n), SLUICE_FORMAT);
            free(copy);
        }
}
END_TEST

START_TEST(no_flipped_byte_breaks_a_promise)
{
    for (int i = 0; i < N_WHOLE; i++) {
        char text[512];
        size_t n = strlen(whole[i]);
        memcpy(text, whole[i], n);
        for (size_t at = 0; at < n; at++) {
            for (int byte = 0; byte < 256; byte++) {
                text[at] = (char)byte;
                json_one(text, n);
            }
            text[at] = whole[i][at];
        }
    }
}
END_TEST

START_TEST(lists_in_lists_are_refused_however_deep)
{
    enum { DEPTH = 1 << 20 };
    char *text = malloc(DEPTH);
    ck_assert_ptr_nonnull(text);
    memset(text, '[', DEPTH);
    ck_assert_int_eq(json_one(text, DEPTH), SLUICE_FORMAT);
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
    uint64_t state = 1; /* Knuth's MMIX generator: any noise will do */
    for (int round = 0; round < 5000; round++) {
        char text[512] = "{\"devices\":";
        for (int i = 0; i < 16; i++) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            strcat(text, words[(state >> 33) % 22]);
        }
        json_one(text, strlen(text));
    }
}
END_TEST

SLUICE_TEST_MAIN("sched.json_hostile", what_is_whole_is_read,
                 no_truncation_breaks_a_promise,
                 no_flipped_byte_breaks_a_promise,
                 lists_in_lists_are_refused_however_deep,
                 words_in_any_order_break_no_promise)

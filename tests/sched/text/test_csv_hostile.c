/* Damaged CSV is refused in a sentence or read as something else; nothing
 * worse. */
#include "sched/text/hostile.h"

#include "support/runner.h"

static const char *const whole[] = {
    "0F0,0F1,,,0B0,0B1\n1F0,1B0,1F1,1B1\n",
    "0F0,3F0,3I0,3W0,0I0,0W0,0UPDATE,3UPDATE\r\n1F0,2F0,2I0,2W0,1I0,1W0\r\n",
    "0UNSHARD,0F0,0F1,(0F2;0BW0)OVERLAP_F_B,0B1,0W1,0BW2,0REDUCE_GRAD\n",
    "0F0,0R0,0B0\n\n1F0,1B0,1RESHARD",
    "0F0,0SEND_F0,,0RECV_B0,0B0\n1RECV_F0,(1F0;1B0)OVERLAP_F_B,1SEND_B0\n",
};

enum { N_WHOLE = (int)(sizeof whole / sizeof *whole) };

START_TEST(what_is_whole_is_read)
{
    for (int i = 0; i < N_WHOLE; i++)
        ck_assert_int_eq(promise_one(&csv_form, whole[i], strlen(whole[i])),
                         SLUICE_OK);
}
END_TEST

START_TEST(no_truncation_breaks_a_promise)
{
    for (int i = 0; i < N_WHOLE; i++)
        ck_assert_int_gt(hostile_truncate(&csv_form, whole[i]), 0);
}
END_TEST

START_TEST(no_flipped_byte_breaks_a_promise)
{
    for (int i = 0; i < N_WHOLE; i++)
        hostile_flip(&csv_form, whole[i]);
}
END_TEST

START_TEST(words_in_any_order_break_no_promise)
{
    static const char *const words[] = {
        "0",      "1",      "4095",   "65535",
        "9",      "F",      "B",      "I",
        "W",      "R",      "BW",     ",",
        "\n",     ";",      "(",      ")OVERLAP_F_B",
        " ",      "UPDATE", "SEND_F", "RECV_F",
        "SEND_B", "RECV_B"};
    hostile_mix(&csv_form, "", words, sizeof words / sizeof *words);
}
END_TEST

SLUICE_TEST_MAIN("sched.csv_hostile", what_is_whole_is_read,
                 no_truncation_breaks_a_promise,
                 no_flipped_byte_breaks_a_promise,
                 words_in_any_order_break_no_promise)

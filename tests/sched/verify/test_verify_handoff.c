/* The rule `hand-off`, both directions, on one device and between two. */
#include <string.h>

#include <sluice/schedule.h>
#include <sluice/schedule_text.h>

#include "support/runner.h"

static void refused(const char *csv, const char *text)
{
    sluice_schedule *schedule;
    sluice_diag why = {.text = ""};
    ck_assert_msg(!sluice_schedule_parse_csv(csv, strlen(csv), SLUICE_CSV_NEW,
                                             NULL, &schedule, &why),
                  "%s", why.text);
    ck_assert_int_eq(
        sluice_schedule_verify(
            schedule, &(sluice_verify_config){.queue_capacity = 4}, NULL, &why),
        SLUICE_SCHEDULE);
    ck_assert_str_eq(why.text, text);
    sluice_schedule_destroy(schedule);
}

START_TEST(stages_on_one_device_take_gradients_in_one_order)
{
    refused("0F0,0F1,1F0,1F1,1B0,1B1,0B1,0B0\n",
            "hand-off: 0B1 at position 6 of device 0 waits for micro-batch 1, "
            "but the next item that device 0 hands over is that of 1B0 (its "
            "position 4): let both take the micro-batches in one order");
}
END_TEST

START_TEST(gradients_are_sent_in_the_order_in_which_they_are_received)
{
    refused("0F0,0SEND_F0,0F1,0SEND_F1,0RECV_B0,0B0,0RECV_B1,0B1\n"
            "1RECV_F0,1F0,1RECV_F1,1F1,1B0,1B1,1SEND_B1,1SEND_B0\n",
            "hand-off: 0RECV_B0 at position 4 of device 0 waits for "
            "micro-batch 0, but the next item that device 1 hands over is that "
            "of 1SEND_B1 (its position 6): let both take the micro-batches in "
            "one order");
}
END_TEST

START_TEST(so_are_activations)
{
    refused("0F0,0F1,0SEND_F1,0SEND_F0,0RECV_B0,0B0,0RECV_B1,0B1\n"
            "1RECV_F0,1F0,1RECV_F1,1F1,1B0,1SEND_B0,1B1,1SEND_B1\n",
            "hand-off: 1RECV_F0 at position 0 of device 1 waits for "
            "micro-batch 0, but the next item that device 0 hands over is that "
            "of 0SEND_F1 (its position 2): let both take the micro-batches in "
            "one order");
}
END_TEST

SLUICE_TEST_MAIN("sched.verify_handoff",
                 stages_on_one_device_take_gradients_in_one_order,
                 gradients_are_sent_in_the_order_in_which_they_are_received,
                 so_are_activations)

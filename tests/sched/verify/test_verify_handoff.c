/* The rule `hand-off`, both directions, on one device and between two; and
 * which of several cycles the rule `deadlock` names. */
#include <string.h>

#include <sluice/schedule.h>
#include <sluice/schedule_text.h>

#include "support/runner.h"

static void refused_at(const char *csv, int capacity, const char *text)
{
    sluice_schedule *schedule;
    sluice_diag why = {.text = ""};
    ck_assert_msg(!sluice_schedule_parse_csv(csv, strlen(csv), SLUICE_CSV_NEW,
                                             NULL, &schedule, &why),
                  "%s", why.text);
    ck_assert_int_eq(sluice_schedule_verify(
                         schedule,
                         &(sluice_verify_config){.queue_capacity = capacity},
                         NULL, &why),
                     SLUICE_SCHEDULE);
    ck_assert_str_eq(why.text, text);
    sluice_schedule_destroy(schedule);
}

static void refused(const char *csv, const char *text)
{
    refused_at(csv, 4, text);
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

START_TEST(what_follows_an_action_of_shards_is_in_order_too)
{
    refused("0UNSHARD,0B0,0F0,0REDUCE_GRAD,0RESHARD,0UPDATE\n",
            "order: 0B0 at position 1 of device 0 waits for 0F0, which comes "
            "later in the same list: put 0F0 first");
}
END_TEST

/* Devices 0 and 1 wait for each other, and so do 2 and 3. */
START_TEST(of_two_cycles_the_lowest_is_named)
{
    refused_at("0F0,0B0,0F1,0B1\n1F0,1F1,1B0,1B1\n"
               "2F0,2B0,2F1,2B1\n3F0,3F1,3B0,3B1\n",
               1,
               "deadlock: 0B0 at position 1 of device 0 waits for 1B0; 1F1 at "
               "position 1 of device 1 waits for 0F1: reorder");
}
END_TEST

/* Two copies: devices 0 and 1 come to their ends, 2 and 3 do not. */
START_TEST(a_cycle_beside_devices_that_are_done_is_found)
{
    static const int stage_device[] = {0, 1, 2, 3};
    static const int kinds[4][4] = {
        {SLUICE_F, SLUICE_F, SLUICE_B, SLUICE_B},
        {SLUICE_F, SLUICE_B, SLUICE_F, SLUICE_B},
        {SLUICE_F, SLUICE_B, SLUICE_F, SLUICE_B},
        {SLUICE_F, SLUICE_F, SLUICE_B, SLUICE_B},
    };
    sluice_schedule *schedule;
    sluice_diag why = {.text = ""};
    ck_assert(!sluice_schedule_create_copies(4, 4, 2, 4, stage_device, NULL,
                                             &schedule, NULL));
    for (int s = 0; s < 4; s++) {
        int n[SLUICE_N_ACTION_KINDS] = {0};
        for (int i = 0; i < 4; i++) {
            int m = s / 2 * 2 + n[kinds[s][i]]++;
            ck_assert(!sluice_schedule_append(
                schedule, s, (sluice_action){kinds[s][i], s, m}, NULL));
        }
        ck_assert(!sluice_schedule_append(
            schedule, s, (sluice_action){SLUICE_UPDATE, s, -1}, NULL));
    }
    ck_assert_int_eq(sluice_schedule_verify(
                         schedule, &(sluice_verify_config){0}, NULL, &why),
                     SLUICE_SCHEDULE);
    ck_assert_str_eq(why.text,
                     "deadlock: 2B2 at position 1 of device 2 waits for 3B2; "
                     "3F3 at position 1 of device 3 waits for 2F3: reorder");
    sluice_schedule_destroy(schedule);
}
END_TEST

/* Device 0 waits at 0S0 for 2F0 only, and device 2 goes on when it has it. */
START_TEST(scores_wait_for_the_last_forward_and_for_nothing_else)
{
    static const char csv[] = "0F0,0S0,0F1,0S1,0T0,0T1,0B0,0B1\n"
                              "1F0,1F1,1S0,1S1,1T0,1T1,1B0,1B1\n"
                              "2F0,2F1,2S0,2S1,2T0,2T1,2B0,2B1\n";
    sluice_schedule *schedule;
    sluice_diag why = {.text = ""};
    ck_assert(!sluice_schedule_parse_csv(csv, strlen(csv), SLUICE_CSV_NEW, NULL,
                                         &schedule, NULL));
    ck_assert_msg(!sluice_schedule_verify(schedule, &(sluice_verify_config){0},
                                          NULL, &why),
                  "%s", why.text);
    sluice_schedule_destroy(schedule);
}
END_TEST

START_TEST(the_last_backward_waits_for_the_scores_of_all_devices)
{
    refused("0F0,0B0,0S0,0T0\n1F0,1S0,1B0,1T0\n",
            "deadlock: 0B0 at position 1 of device 0 waits for 1B0; 1B0 at "
            "position 2 of device 1 waits for 0S0: reorder");
}
END_TEST

/* Two copies of two parts; device 0 begins with its UPDATEs, which is wrong,
 * too, but comes to light later. */
START_TEST(updates_of_copies_are_in_the_order_of_the_parts_from_the_start)
{
    static const int stage_device[] = {0, 1, 1, 0};
    static const sluice_action lists[2][6] = {
        {{SLUICE_UPDATE, 3, -1},
         {SLUICE_UPDATE, 0, -1},
         {SLUICE_F, 0, 0},
         {SLUICE_F, 3, 1},
         {SLUICE_B, 3, 1},
         {SLUICE_B, 0, 0}},
        {{SLUICE_F, 1, 0},
         {SLUICE_B, 1, 0},
         {SLUICE_F, 2, 1},
         {SLUICE_B, 2, 1},
         {SLUICE_UPDATE, 2, -1},
         {SLUICE_UPDATE, 1, -1}},
    };
    sluice_schedule *schedule;
    sluice_diag why = {.text = ""};
    ck_assert(!sluice_schedule_create_copies(2, 4, 2, 2, stage_device, NULL,
                                             &schedule, NULL));
    for (int d = 0; d < 2; d++)
        for (int i = 0; i < 6; i++)
            ck_assert(!sluice_schedule_append(schedule, d, lists[d][i], NULL));
    ck_assert_int_eq(sluice_schedule_verify(
                         schedule, &(sluice_verify_config){0}, NULL, &why),
                     SLUICE_SCHEDULE);
    ck_assert_msg(strstr(why.text, "0UPDATE at position 1 of device 0, of part "
                                   "0 of the model, comes after that of part "
                                   "1"),
                  "%s", why.text);
    sluice_schedule_destroy(schedule);
}
END_TEST

SLUICE_TEST_MAIN("sched.verify_handoff",
                 stages_on_one_device_take_gradients_in_one_order,
                 gradients_are_sent_in_the_order_in_which_they_are_received,
                 so_are_activations,
                 what_follows_an_action_of_shards_is_in_order_too,
                 of_two_cycles_the_lowest_is_named,
                 a_cycle_beside_devices_that_are_done_is_found,
                 scores_wait_for_the_last_forward_and_for_nothing_else,
                 the_last_backward_waits_for_the_scores_of_all_devices,
                 updates_of_copies_are_in_the_order_of_the_parts_from_the_start)

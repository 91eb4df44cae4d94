/*
 * Parameters that replicas share: each refusal of the rule, with its cell.
 */
#include <string.h>

#include <sluice/schedule.h>
#include <sluice/schedule_text.h>

#include "support/runner.h"

static sluice_status verify(const char *csv, sluice_diag *why)
{
    sluice_schedule *schedule;
    sluice_diag parse = {.text = ""};
    ck_assert_msg(!sluice_schedule_parse_csv(csv, strlen(csv),
                                             SLUICE_CSV_DETECT, NULL, &schedule,
                                             &parse),
                  "%s", parse.text);
    sluice_status st = sluice_schedule_verify(
        schedule, &(sluice_verify_config){.queue_capacity = 4}, NULL, why);
    sluice_schedule_destroy(schedule);
    return st;
}

static void refused(const char *csv, int device, int position,
                    const char *action, const char *text)
{
    sluice_diag why;
    ck_assert_int_eq(verify(csv, &why), SLUICE_SCHEDULE);
    ck_assert_str_eq(why.text, text);
    ck_assert_str_eq(why.action, action);
    ck_assert_int_eq(why.device, device);
    ck_assert_int_eq(why.position, position);
}

START_TEST(whole_parameters_and_one_reduction_are_accepted)
{
    static const char *const good[] = {
        "0UNSHARD,0F0,0F1,0B0,0B1,0REDUCE_GRAD,0RESHARD",
        "0UNSHARD,0F0,0RESHARD,0UNSHARD,0F1,0B0,0B1,0RESHARD",
        "0F0,0F1,0B1,0B0,0REDUCE_GRAD",
        "0UNSHARD,0F0,1UNSHARD,1F0,1I0,1W0,1REDUCE_GRAD,1RESHARD,0B0,"
        "0REDUCE_GRAD",
        "0UNSHARD,0F0,0B0,0RESHARD,0UNSHARD",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        sluice_diag why = {.text = ""};
        ck_assert_msg(!verify(good[i], &why), "%s: %s", good[i], why.text);
    }
}
END_TEST

START_TEST(computing_with_a_part_of_the_parameters_is_refused)
{
    refused("0F0,0UNSHARD,0B0", 0, 0, "0F0",
            "shards: 0F0 at position 0 of device 0 needs parameters of which "
            "the device has its part only: put 0UNSHARD before it");
    refused("0UNSHARD,0F0,0RESHARD,0B0", 0, 3, "0B0",
            "shards: 0B0 at position 3 of device 0 needs parameters that "
            "0RESHARD at position 2 has given away: put 0UNSHARD before it");
    refused("0UNSHARD,0F0,0RESHARD,0R0,0UNSHARD,0B0", 0, 3, "0R0",
            "shards: 0R0 at position 3 of device 0 needs parameters that "
            "0RESHARD at position 2 has given away: put 0UNSHARD before it");
    refused("0UNSHARD,0F0,0I0,0RESHARD,0W0", 0, 4, "0W0",
            "shards: 0W0 at position 4 of device 0 needs parameters that "
            "0RESHARD at position 3 has given away: put 0UNSHARD before it");
}
END_TEST

START_TEST(unshard_and_reshard_take_turns)
{
    refused("0UNSHARD,0UNSHARD,0F0,0B0", 0, 1, "0UNSHARD",
            "shards: 0UNSHARD at position 1 of device 0 comes where the "
            "parameters of stage 0 are whole already: remove it");
    refused("0RESHARD,0UNSHARD,0F0,0B0", 0, 0, "0RESHARD",
            "shards: 0RESHARD at position 0 of device 0 comes where the "
            "parameters of stage 0 are shared already: remove it");
}
END_TEST

START_TEST(a_gradient_is_summed_once_when_it_is_complete)
{
    refused("0F0,0F1,0B0,0REDUCE_GRAD,0B1", 0, 4, "0B1",
            "shards: 0B1 at position 4 of device 0 adds to the gradient that "
            "0REDUCE_GRAD at position 3 has summed: put 0REDUCE_GRAD behind "
            "the last B or W of its stage");
    refused("0F0,0B0,0REDUCE_GRAD,0REDUCE_GRAD", 0, 3, "0REDUCE_GRAD",
            "shards: 0REDUCE_GRAD at position 3 of device 0 is there twice: "
            "remove one");
    refused("0REDUCE_GRAD,0REDUCE_GRAD,0F0,0B0", 0, 1, "0REDUCE_GRAD",
            "shards: 0REDUCE_GRAD at position 1 of device 0 is there twice: "
            "remove one");
    refused("0REDUCE_GRAD,0F0,0B0", 0, 2, "0B0",
            "shards: 0B0 at position 2 of device 0 adds to the gradient that "
            "0REDUCE_GRAD at position 0 has summed: put 0REDUCE_GRAD behind "
            "the last B or W of its stage");
    refused("0F0,0B0,0REDUCE_GRAD\n1F0,1B0", 1, -1, "1REDUCE_GRAD",
            "shards: 1REDUCE_GRAD is missing: other stages have theirs; put it "
            "behind the last B or W of its stage");
    refused("0F0,0B0,0UPDATE,0REDUCE_GRAD", 0, 3, "0REDUCE_GRAD",
            "order: 0REDUCE_GRAD at position 3 of device 0 follows the UPDATE "
            "at position 2, which waits until all devices have done their "
            "backward actions: put UPDATEs last");
}
END_TEST

START_TEST(several_versions_and_copies_share_nothing)
{
    refused("0UNSHARD,0F0,0B0,0UPDATE,0F1,0B1,0UPDATE", 0, 0, "0UNSHARD",
            "shards: 0UNSHARD at position 0 of device 0 stands in an "
            "asynchronous schedule, whose stages keep several versions of "
            "their weights: remove it");
    refused("0F0,0B0,0REDUCE_GRAD\n1F1,1B1,1REDUCE_GRAD", 0, 2, "0REDUCE_GRAD",
            "shards: 0REDUCE_GRAD at position 2 of device 0 stands in a "
            "schedule with 2 copies of the model, which add up their gradients "
            "at the UPDATEs: remove it");
}
END_TEST

SLUICE_TEST_MAIN("sched.verify_shards",
                 whole_parameters_and_one_reduction_are_accepted,
                 computing_with_a_part_of_the_parameters_is_refused,
                 unshard_and_reshard_take_turns,
                 a_gradient_is_summed_once_when_it_is_complete,
                 several_versions_and_copies_share_nothing)

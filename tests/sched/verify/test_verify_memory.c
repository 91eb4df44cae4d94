/* The rule `memory` at the ends of what may be said, and who is counted. */
#include <stdint.h>
#include <string.h>

#include <sluice/schedule.h>
#include <sluice/schedule_passes.h>
#include <sluice/schedule_text.h>

#include "sched/every.h"
#include "support/runner.h"

START_TEST(sizes_of_0_and_the_largest_are_taken)
{
    sluice_schedule *schedule = every_make("1f1b", 2, 2);
    sluice_device_facts facts[2];
    const int64_t most = INT64_MAX / 2 / 4; /* cells */
    int64_t bytes[2] = {0, most};
    sluice_verify_config config = {.input_bytes = bytes};
    ck_assert(!sluice_schedule_verify(schedule, &config, facts, NULL));
    ck_assert_int_eq(facts[0].peak_bytes, 0);
    ck_assert_int_eq(facts[1].peak_bytes, most);
    bytes[1]++;
    ck_assert_int_eq(sluice_schedule_verify(schedule, &config, facts, NULL),
                     SLUICE_INVALID);
    sluice_schedule_destroy(schedule);
}
END_TEST

START_TEST(one_of_both_sizes_is_enough)
{
    static const int64_t bytes[] = {5, 7};
    sluice_schedule *schedule = every_make("gpipe", 2, 3);
    sluice_device_facts facts[2];
    const sluice_verify_config configs[] = {{.input_bytes = bytes},
                                            {.inner_bytes = bytes}};
    for (int i = 0; i < 2; i++) {
        ck_assert(!sluice_schedule_verify(schedule, &configs[i], facts, NULL));
        ck_assert_int_eq(facts[0].peak_bytes, 15);
        ck_assert_int_eq(facts[1].peak_bytes, 21);
    }
    ck_assert(!sluice_schedule_verify(schedule, &(sluice_verify_config){0},
                                      facts, NULL));
    ck_assert_int_eq(facts[0].peak_bytes, 0);
    sluice_schedule_destroy(schedule);
}
END_TEST

START_TEST(what_follows_a_hand_off_or_an_update_is_counted)
{
    static const char text[] = "0F0,0SEND_F0,0F1,0SEND_F1,0RECV_B0,0B0,0UPDATE,"
                               "0F2,0SEND_F2,0F3,0SEND_F3,0RECV_B1,0B1,"
                               "0RECV_B2,0B2,0RECV_B3,0B3,0UPDATE\n"
                               "1RECV_F0,1F0,1B0,1SEND_B0,1UPDATE,1RECV_F1,1F1,"
                               "1B1,1SEND_B1,1RECV_F2,1F2,1B2,1SEND_B2,"
                               "1RECV_F3,1F3,1B3,1SEND_B3,1UPDATE\n";
    static const int64_t bytes[] = {10, 10};
    sluice_schedule *schedule = NULL;
    sluice_device_facts facts[2];
    sluice_diag why = {.text = ""};
    ck_assert(!sluice_schedule_parse_csv(text, strlen(text), SLUICE_CSV_NEW,
                                         NULL, &schedule, NULL));
    ck_assert_msg(!sluice_schedule_verify(
                      schedule, &(sluice_verify_config){.input_bytes = bytes},
                      facts, &why),
                  "%s", why.text);
    ck_assert_int_eq(facts[0].peak_bytes, 30);
    ck_assert_int_eq(facts[1].peak_bytes, 10);
    ck_assert_int_eq(facts[0].peak_versions, 2);
    ck_assert_int_eq(facts[0].max_staleness, 1);
    ck_assert_int_eq(facts[1].peak_versions, 1);
    ck_assert_int_eq(facts[1].max_staleness, 0);
    sluice_schedule_destroy(schedule);
}
END_TEST

SLUICE_TEST_MAIN("sched.verify_memory", sizes_of_0_and_the_largest_are_taken,
                 one_of_both_sizes_is_enough,
                 what_follows_a_hand_off_or_an_update_is_counted)

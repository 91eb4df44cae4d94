/* Schedules as text; what the columns look like is also seen in
 * test_generators.c. */
#include <sluice/schedule.h>

#include <string.h>

#include "support/runner.h"

static sluice_schedule *forward(int devices)
{
    sluice_schedule *schedule;
    ck_assert_int_eq(
        sluice_schedule_generate(&(sluice_schedule_config){.name = "forward",
                                                           .devices = devices,
                                                           .microbatches = 1},
                                 &schedule, NULL),
        SLUICE_OK);
    return schedule;
}

START_TEST(columns_line_up_when_numbers_get_longer)
{
    sluice_schedule *schedule = forward(11);
    char text[256];
    sluice_schedule_format(schedule, text, sizeof text);
    ck_assert_ptr_nonnull(strstr(text, " 9:  9F0\n10: 10F0\n"));
    sluice_schedule_destroy(schedule);
}
END_TEST

START_TEST(a_device_without_actions_has_an_empty_row)
{
    sluice_schedule *schedule;
    ck_assert_int_eq(sluice_schedule_create(2, 1, 1, (const int[]){1}, NULL,
                                            &schedule, NULL),
                     SLUICE_OK);
    ck_assert_int_eq(sluice_schedule_append(
                         schedule, 1, (sluice_action){SLUICE_F, 0, 0}, NULL),
                     SLUICE_OK);
    char text[64];
    ck_assert_uint_eq(sluice_schedule_format(schedule, text, sizeof text),
                      strlen("0:\n1: 0F0\n"));
    ck_assert_str_eq(text, "0:\n1: 0F0\n");
    sluice_schedule_destroy(schedule);
}
END_TEST

START_TEST(text_is_cut_to_any_room_and_its_length_told)
{
    sluice_schedule *schedule = forward(2);
    const char whole[] = "0: 0F0\n1: 1F0\n";
    ck_assert_uint_eq(sluice_schedule_format(schedule, NULL, 0), strlen(whole));
    for (size_t bytes = 1; bytes <= sizeof whole + 1; bytes++) {
        char text[sizeof whole + 2];
        memset(text, '#', sizeof text);
        ck_assert_uint_eq(sluice_schedule_format(schedule, text, bytes),
                          strlen(whole));
        size_t fits = bytes < sizeof whole ? bytes - 1 : strlen(whole);
        ck_assert_uint_eq(strlen(text), fits);
        ck_assert_mem_eq(text, whole, fits);
        ck_assert_int_eq(text[bytes], '#');
    }
    sluice_schedule_destroy(schedule);
}
END_TEST

START_TEST(the_action_of_a_refusal_is_marked)
{
    sluice_schedule *schedule;
    static const sluice_action actions[] = {{SLUICE_F, 0, 0},
                                            {SLUICE_B, 0, 1},
                                            {SLUICE_F, 0, 1},
                                            {SLUICE_B, 0, 0},
                                            {SLUICE_UPDATE, 0, -1}};
    ck_assert_int_eq(sluice_schedule_create(1, 1, 2, (const int[]){0}, NULL,
                                            &schedule, NULL),
                     SLUICE_OK);
    for (int i = 0; i < 5; i++)
        sluice_schedule_append(schedule, 0, actions[i], NULL);
    sluice_diag why;
    ck_assert_int_eq(sluice_schedule_verify(
                         schedule, &(sluice_verify_config){0}, NULL, &why),
                     SLUICE_SCHEDULE);
    char text[128];
    sluice_schedule_format_marked(schedule, &why, text, sizeof text);
    ck_assert_str_eq(text, "0:     0F0>    0B1     0F1     0B0 0UPDATE\n");
    sluice_schedule_destroy(schedule);
}
END_TEST

START_TEST(of_several_updates_the_refused_one_is_marked)
{
    sluice_schedule *schedule;
    static const sluice_action actions[] = {
        {SLUICE_F, 0, 0},       {SLUICE_UPDATE, 0, -1}, {SLUICE_B, 0, 0},
        {SLUICE_UPDATE, 0, -1}, {SLUICE_F, 0, 1},       {SLUICE_B, 0, 1},
        {SLUICE_UPDATE, 0, -1}};
    ck_assert_int_eq(sluice_schedule_create(1, 1, 2, (const int[]){0}, NULL,
                                            &schedule, NULL),
                     SLUICE_OK);
    for (int i = 0; i < 7; i++)
        sluice_schedule_append(schedule, 0, actions[i], NULL);
    sluice_diag why;
    ck_assert_int_eq(sluice_schedule_verify(
                         schedule, &(sluice_verify_config){0}, NULL, &why),
                     SLUICE_SCHEDULE);
    ck_assert_int_eq(why.position, 1);
    char text[128];
    sluice_schedule_format_marked(schedule, &why, text, sizeof text);
    ck_assert_str_eq(text, "0:     0F0>0UPDATE     0B0 0UPDATE     0F1     0B1 "
                           "0UPDATE\n");
    sluice_schedule_destroy(schedule);
}
END_TEST

START_TEST(of_a_large_schedule_the_surroundings_of_the_mark_are_written)
{
    sluice_schedule *schedule;
    ck_assert(!sluice_schedule_generate(
        &(sluice_schedule_config){
            .name = "gpipe", .devices = 20, .microbatches = 100},
        &schedule, NULL));
    char text[4096];
    sluice_diag why = {.device = 9, .action = "9F50"};
    size_t n = sluice_schedule_format_marked(schedule, &why, text, sizeof text);
    ck_assert_uint_eq(n, strlen(text));
    ck_assert(!strncmp(text, "...\n 5: ... ", 12));
    ck_assert_ptr_nonnull(strstr(text, "    9F49>    9F50     9F51 "));
    ck_assert_ptr_nonnull(strstr(text, "12: ...    12F44 "));
    ck_assert_ptr_nonnull(strstr(text, "   12F55 ...\n...\n"));
    /* What is missing would stand at the end. */
    why = (sluice_diag){.device = 19, .action = "19F100"};
    sluice_schedule_format_marked(schedule, &why, text, sizeof text);
    ck_assert_ptr_null(strchr(text, '>'));
    ck_assert_str_eq(text + strlen(text) - strlen("19UPDATE\n"), "19UPDATE\n");
    sluice_schedule_destroy(schedule);
}
END_TEST

SLUICE_TEST_MAIN("sched.grid", columns_line_up_when_numbers_get_longer,
                 a_device_without_actions_has_an_empty_row,
                 text_is_cut_to_any_room_and_its_length_told,
                 the_action_of_a_refusal_is_marked,
                 of_several_updates_the_refused_one_is_marked,
                 of_a_large_schedule_the_surroundings_of_the_mark_are_written)

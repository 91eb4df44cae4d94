/* The rematerialization pass. */
#include <sluice/schedule.h>
#include <sluice/schedule_passes.h>

#include <string.h>

#include "support/runner.h"

static sluice_schedule *generate(const char *name, int k, int m)
{
    sluice_schedule *schedule = NULL;
    ck_assert_int_eq(sluice_schedule_generate(
                         &(sluice_schedule_config){
                             .name = name, .devices = k, .microbatches = m},
                         &schedule, NULL),
                     SLUICE_OK);
    return schedule;
}

static void assert_pass(const sluice_schedule *schedule, sluice_remat remat,
                        const char *want)
{
    sluice_schedule *passed;
    ck_assert_int_eq(sluice_schedule_remat(schedule, remat, &passed, NULL),
                     SLUICE_OK);
    char text[1024];
    sluice_schedule_format(passed, text, sizeof text);
    ck_assert_str_eq(text, want);
    sluice_schedule_destroy(passed);
}

START_TEST(never_is_a_copy)
{
    sluice_schedule *schedule = generate("1f1b", 2, 2);
    assert_pass(schedule, SLUICE_REMAT_NEVER,
                "0:     0F0     0F1     0B0     0B1 0UPDATE\n"
                "1:     1F0     1B0     1F1     1B1 1UPDATE\n");
    sluice_schedule_destroy(schedule);
}
END_TEST

START_TEST(always_recomputes_before_each_backward)
{
    sluice_schedule *schedule = generate("gpipe", 1, 2);
    assert_pass(schedule, SLUICE_REMAT_ALWAYS,
                "0:     0F0     0F1     0R1     0B1     0R0     0B0 0UPDATE\n");
    sluice_schedule_destroy(schedule);
}
END_TEST

START_TEST(except_last_leaves_out_the_first_backward_of_each_stage)
{
    sluice_schedule *schedule = generate("gpipe", 2, 2);
    assert_pass(schedule, SLUICE_REMAT_EXCEPT_LAST,
                "0:     0F0     0F1     0B1     0R0     0B0 0UPDATE\n"
                "1:     1F0     1F1     1B1     1R0     1B0 1UPDATE\n");
    sluice_schedule_destroy(schedule);
}
END_TEST

START_TEST(a_split_backward_recomputes_before_its_first_half)
{
    sluice_schedule *schedule;
    ck_assert_int_eq(sluice_schedule_create(1, 1, 1, (const int[]){0}, NULL,
                                            &schedule, NULL),
                     SLUICE_OK);
    static const int kinds[] = {SLUICE_F, SLUICE_I, SLUICE_W};
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(sluice_schedule_append(schedule, 0,
                                                (sluice_action){kinds[i], 0, 0},
                                                NULL),
                         SLUICE_OK);
    assert_pass(schedule, SLUICE_REMAT_ALWAYS, "0: 0F0 0R0 0I0 0W0\n");
    sluice_schedule_destroy(schedule);
}
END_TEST

static void assert_peaks(const char *name, sluice_remat remat, int k, int m)
{
    sluice_schedule *schedule = generate(name, k, m), *passed;
    ck_assert_int_eq(sluice_schedule_remat(schedule, remat, &passed, NULL),
                     SLUICE_OK);
    sluice_device_facts facts[4];
    ck_assert_int_eq(
        sluice_schedule_verify(
            passed, &(sluice_verify_config){.queue_capacity = 1}, facts, NULL),
        SLUICE_OK);
    for (int r = 0; r < k; r++) {
        bool gpipe = strcmp(name, "gpipe") == 0;
        int held = gpipe || m < k - r ? m : k - r;
        ck_assert_int_eq(facts[r].peak_activations, held);
        ck_assert_int_eq(facts[r].peak_inner, 1);
    }
    sluice_schedule_destroy(passed);
    sluice_schedule_destroy(schedule);
}

START_TEST(with_remat_inputs_are_held_and_one_working_set)
{
    for (int k = 1; k <= 4; k++)
        for (int m = 1; m <= 8; m++) {
            assert_peaks("gpipe", SLUICE_REMAT_ALWAYS, k, m);
            assert_peaks("gpipe", SLUICE_REMAT_EXCEPT_LAST, k, m);
            assert_peaks("1f1b", SLUICE_REMAT_ALWAYS, k, m);
        }
}
END_TEST

START_TEST(a_schedule_that_recomputes_is_refused)
{
    sluice_schedule *schedule = generate("gpipe", 2, 2), *passed, *again = NULL;
    sluice_diag why;
    ck_assert_int_eq(
        sluice_schedule_remat(schedule, SLUICE_REMAT_ALWAYS, &passed, NULL),
        SLUICE_OK);
    ck_assert_int_eq(
        sluice_schedule_remat(passed, SLUICE_REMAT_ALWAYS, &again, &why),
        SLUICE_INVALID);
    ck_assert_ptr_null(again);
    ck_assert_msg(strstr(why.text, "the schedule recomputes already: 0R1 at "
                                   "position 2 of device 0") != NULL,
                  "%s", why.text);
    ck_assert_int_eq(
        sluice_schedule_remat(passed, SLUICE_REMAT_NEVER, &again, &why),
        SLUICE_OK); /* a plain copy */
    sluice_schedule_destroy(again);
    sluice_schedule_destroy(passed);
    sluice_schedule_destroy(schedule);
}
END_TEST

START_TEST(an_unknown_kind_of_remat_is_refused)
{
    sluice_schedule *schedule = generate("gpipe", 1, 1), *passed = NULL;
    sluice_diag why;
    ck_assert_int_eq(
        sluice_schedule_remat(schedule, (sluice_remat)3, &passed, &why),
        SLUICE_INVALID);
    ck_assert_ptr_null(passed);
    ck_assert_ptr_nonnull(strstr(why.text, "rematerialization 3"));
    sluice_schedule_destroy(schedule);
}
END_TEST

SLUICE_TEST_MAIN("sched.remat", never_is_a_copy,
                 always_recomputes_before_each_backward,
                 except_last_leaves_out_the_first_backward_of_each_stage,
                 a_split_backward_recomputes_before_its_first_half,
                 with_remat_inputs_are_held_and_one_working_set,
                 a_schedule_that_recomputes_is_refused,
                 an_unknown_kind_of_remat_is_refused)

/* What the generators write. */
#include <sluice/schedule.h>

#include <string.h>

#include "support/runner.h"

static sluice_schedule *generate(const char *name, int k, int m,
                                 sluice_backward_order order)
{
    sluice_schedule *schedule = NULL;
    ck_assert_int_eq(sluice_schedule_generate(
                         &(sluice_schedule_config){.name = name,
                                                   .devices = k,
                                                   .microbatches = m,
                                                   .backward_order = order},
                         &schedule, NULL),
                     SLUICE_OK);
    return schedule;
}

static void assert_grid(const char *name, int k, int m,
                        sluice_backward_order order, const char *want)
{
    sluice_schedule *schedule = generate(name, k, m, order);
    char text[1024];
    sluice_schedule_format(schedule, text, sizeof text);
    ck_assert_str_eq(text, want);
    sluice_schedule_destroy(schedule);
}

START_TEST(gpipe_runs_the_backwards_in_reverse)
{
    assert_grid("gpipe", 2, 3, SLUICE_REVERSE,
                "0:     0F0     0F1     0F2     0B2     0B1     0B0 0UPDATE\n"
                "1:     1F0     1F1     1F2     1B2     1B1     1B0 1UPDATE\n");
}
END_TEST

START_TEST(gpipe_runs_the_backwards_in_order_if_asked)
{
    assert_grid("gpipe", 1, 3, SLUICE_IN_ORDER,
                "0:     0F0     0F1     0F2     0B0     0B1     0B2 0UPDATE\n");
}
END_TEST

START_TEST(one_forward_one_backward_warms_up_by_distance_to_the_end)
{
    assert_grid("1f1b", 3, 3, SLUICE_REVERSE,
                "0:     0F0     0F1     0F2     0B0     0B1     0B2 0UPDATE\n"
                "1:     1F0     1F1     1B0     1F2     1B1     1B2 1UPDATE\n"
                "2:     2F0     2B0     2F1     2B1     2F2     2B2 2UPDATE\n");
}
END_TEST

START_TEST(fewer_microbatches_than_devices_are_no_special_case)
{
    assert_grid("1f1b", 3, 1, SLUICE_REVERSE,
                "0:     0F0     0B0 0UPDATE\n"
                "1:     1F0     1B0 1UPDATE\n"
                "2:     2F0     2B0 2UPDATE\n");
}
END_TEST

START_TEST(forward_has_forwards_only)
{
    assert_grid("forward", 2, 3, SLUICE_REVERSE,
                "0: 0F0 0F1 0F2\n"
                "1: 1F0 1F1 1F2\n");
}
END_TEST

START_TEST(no_name_means_gpipe)
{
    assert_grid(NULL, 1, 1, SLUICE_REVERSE, "0:     0F0     0B0 0UPDATE\n");
}
END_TEST

static void assert_facts(const sluice_device_facts *facts, const char *name,
                         int k, int m)
{
    bool forward = strcmp(name, "forward") == 0;
    for (int r = 0; r < k; r++) {
        int peak = m;
        if (forward)
            peak = 0;
        else if (strcmp(name, "1f1b") == 0)
            peak = m < k - r ? m : k - r;
        ck_assert_int_eq(facts[r].peak_activations, peak);
        ck_assert_int_eq(facts[r].peak_inner, peak);
        ck_assert_int_eq(facts[r].n_actions, forward ? m : 2 * m + 1);
    }
}

static void assert_runs(const char *name, int k, int m, int capacity,
                        sluice_backward_order order)
{
    sluice_schedule *schedule = generate(name, k, m, order);
    sluice_device_facts facts[8];
    sluice_diag why;
    sluice_verify_config config = {
        .queue_capacity = capacity,
        .forward_only = strcmp(name, "forward") == 0,
    };
    sluice_status st = sluice_schedule_verify(schedule, &config, facts, &why);
    ck_assert_msg(st == SLUICE_OK, "%s", st ? why.text : "");
    assert_facts(facts, name, k, m);
    sluice_schedule_destroy(schedule);
}

START_TEST(every_schedule_runs_with_every_capacity_at_the_known_peak)
{
    for (int i = 0; sluice_schedule_generator(i); i++)
        for (int k = 1; k <= 8; k++)
            for (int m = 1; m <= 16; m++)
                for (int c = 0; c <= 4; c++) {
                    const char *name = sluice_schedule_generator(i);
                    assert_runs(name, k, m, c, SLUICE_REVERSE);
                    assert_runs(name, k, m, c, SLUICE_IN_ORDER);
                }
}
END_TEST

START_TEST(every_generator_has_a_name_and_a_summary)
{
    int n = 0;
    for (; sluice_schedule_generator(n); n++) {
        ck_assert_ptr_nonnull(sluice_schedule_summary(n));
        for (int i = 0; i < n; i++)
            ck_assert_str_ne(sluice_schedule_generator(i),
                             sluice_schedule_generator(n));
    }
    ck_assert_int_ge(n, 3);
    ck_assert_ptr_null(sluice_schedule_summary(n));
    ck_assert_ptr_null(sluice_schedule_generator(-1));
    ck_assert_ptr_null(sluice_schedule_summary(-1));
}
END_TEST

static void assert_refused(sluice_schedule_config config, sluice_status status,
                           const char *says)
{
    sluice_diag why;
    sluice_schedule *schedule = NULL;
    ck_assert_int_eq(sluice_schedule_generate(&config, &schedule, &why),
                     status);
    ck_assert_ptr_null(schedule);
    ck_assert_msg(strstr(why.text, says) != NULL, "%s", why.text);
}

START_TEST(an_unknown_name_is_refused_with_the_known_ones)
{
    assert_refused(
        (sluice_schedule_config){
            .name = "gpip", .devices = 1, .microbatches = 1},
        SLUICE_NOT_FOUND, "\"gpip\": there are gpipe, 1f1b, forward");
}
END_TEST

START_TEST(numbers_out_of_range_are_refused)
{
    assert_refused((sluice_schedule_config){.devices = 0, .microbatches = 1},
                   SLUICE_INVALID, "0 devices");
    assert_refused((sluice_schedule_config){.devices = 4097, .microbatches = 1},
                   SLUICE_INVALID, "4097 devices");
    assert_refused((sluice_schedule_config){.devices = -7, .microbatches = 1},
                   SLUICE_INVALID, "-7 devices");
    assert_refused(
        (sluice_schedule_config){.devices = 1 << 30, .microbatches = 1},
        SLUICE_INVALID, "1073741824 devices");
    assert_refused((sluice_schedule_config){.devices = 1, .microbatches = 0},
                   SLUICE_INVALID, "0 micro-batches");
    assert_refused(
        (sluice_schedule_config){.devices = 1, .microbatches = 65537},
        SLUICE_INVALID, "65537 micro-batches");
    assert_refused(
        (sluice_schedule_config){
            .devices = 1,
            .microbatches = 1,
            .backward_order = (sluice_backward_order)7,
        },
        SLUICE_INVALID, "backward order 7");
}
END_TEST

SLUICE_TEST_MAIN("sched.generators", gpipe_runs_the_backwards_in_reverse,
                 gpipe_runs_the_backwards_in_order_if_asked,
                 one_forward_one_backward_warms_up_by_distance_to_the_end,
                 fewer_microbatches_than_devices_are_no_special_case,
                 forward_has_forwards_only, no_name_means_gpipe,
                 every_schedule_runs_with_every_capacity_at_the_known_peak,
                 every_generator_has_a_name_and_a_summary,
                 an_unknown_name_is_refused_with_the_known_ones,
                 numbers_out_of_range_are_refused)

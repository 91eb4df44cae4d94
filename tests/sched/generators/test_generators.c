/* What the generators write. */
#include <sluice/schedule.h>

#include <string.h>

#include "support/runner.h"

/* NULL if there is no such schedule. */
static sluice_schedule *try_generate(const char *name, int k, int m,
                                     sluice_backward_order order)
{
    sluice_schedule *schedule = NULL;
    sluice_schedule_generate(&(sluice_schedule_config){.name = name,
                                                       .devices = k,
                                                       .microbatches = m,
                                                       .backward_order = order},
                             &schedule, NULL);
    return schedule;
}

static sluice_schedule *generate(const char *name, int k, int m,
                                 sluice_backward_order order)
{
    sluice_schedule *schedule = try_generate(name, k, m, order);
    ck_assert_ptr_nonnull(schedule);
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

START_TEST(eager_one_forward_one_backward_warms_up_twice_as_far)
{
    assert_grid("eager-1f1b", 2, 4, SLUICE_REVERSE,
                "0:     0F0     0F1     0F2     0B0     0F3     0B1     0B2 "
                "    0B3 0UPDATE\n"
                "1:     1F0     1B0     1F1     1B1     1F2     1B2     1F3 "
                "    1B3 1UPDATE\n");
}
END_TEST

START_TEST(interleaving_takes_a_group_through_each_chunk)
{
    assert_grid("interleaved-1f1b", 2, 2, SLUICE_REVERSE,
                "0:     0F0     0F1     2F0     2F1     2B0     2B1     0B0 "
                "    0B1 0UPDATE 2UPDATE\n"
                "1:     1F0     1F1     3F0     3B0     3F1     3B1     1B0 "
                "    1B1 1UPDATE 3UPDATE\n");
}
END_TEST

START_TEST(breadth_first_takes_all_microbatches_through_each_chunk)
{
    assert_grid("looped-bfs", 1, 2, SLUICE_REVERSE,
                "0:     0F0     0F1     1F0     1F1     1B1     1B0     0B1 "
                "    0B0 0UPDATE 1UPDATE\n");
}
END_TEST

START_TEST(zero_bubble_delays_weight_gradients_by_the_device)
{
    assert_grid("zb-h1", 2, 3, SLUICE_REVERSE,
                "0:     0F0     0F1     0I0     0W0     0F2     0I1     0W1 "
                "    0I2     0W2 0UPDATE\n"
                "1:     1F0     1I0     1F1     1I1     1W0     1F2     1I2 "
                "    1W1     1W2 1UPDATE\n");
    assert_grid("zb-h2", 2, 3, SLUICE_REVERSE,
                "0:     0F0     0F1     0F2     0I0     0W0     0I1     0W1 "
                "    0I2     0W2 0UPDATE\n"
                "1:     1F0     1I0     1F1     1I1     1F2     1I2     1W0 "
                "    1W1     1W2 1UPDATE\n");
}
END_TEST

START_TEST(the_way_back_of_a_v_ends_where_it_began)
{
    assert_grid("zb-v", 2, 1, SLUICE_REVERSE,
                "0:     0F0     3F0     3I0     3W0     0I0     0W0 0UPDATE "
                "3UPDATE\n"
                "1:     1F0     2F0     2I0     2W0     1I0     1W0 1UPDATE "
                "2UPDATE\n");
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

START_TEST(every_option_has_its_words_and_its_place)
{
    int n_all = 0;
    for (int i = 0; sluice_schedule_generator(i); i++) {
        int n;
        const sluice_schedule_option *options = sluice_schedule_options(i, &n);
        ck_assert_int_eq(n > 0, options != NULL);
        for (int k = 0; k < n; k++) {
            ck_assert_ptr_nonnull(options[k].name);
            ck_assert_ptr_nonnull(options[k].help);
            ck_assert_uint_lt(options[k].offset,
                              sizeof(sluice_schedule_config));
            ck_assert(options[k].is_flag || options[k].standard);
        }
        n_all += n;
    }
    ck_assert_int_ge(n_all, 7);
    int n = -1;
    ck_assert_ptr_null(sluice_schedule_options(-1, &n));
    ck_assert_int_eq(n, 0);
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
        SLUICE_NOT_FOUND,
        "\"gpip\": there are gpipe, 1f1b, eager-1f1b, "
        "interleaved-1f1b, gis, interleaved-zb, looped-bfs, seq1f1b, zb-h1, "
        "zb-h2, zb-v, v-half, v-min, "
        "dualpipe, dualpipe-v, pipedream, pipedream-2bw, varuna, forward");
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
        (sluice_schedule_config){.name = "looped-bfs",
                                 .devices = 4,
                                 .microbatches = 65536,
                                 .chunks = 257},
        SLUICE_INVALID,
        "65536 micro-batches in 1028 stages on 4 devices are at least "
        "33685504 actions of a device: give fewer, there is room for 33554432");
    assert_refused((sluice_schedule_config){.name = "looped-bfs",
                                            .devices = 4,
                                            .microbatches = 4,
                                            .chunks = -1},
                   SLUICE_INVALID,
                   "chunks of -1: give 1 to 1024, or 0 for the standard");
    assert_refused(
        (sluice_schedule_config){
            .devices = 1,
            .microbatches = 1,
            .backward_order = (sluice_backward_order)7,
        },
        SLUICE_INVALID, "backward order 7");
    assert_refused(
        (sluice_schedule_config){
            .name = "gis", .devices = 5, .microbatches = 10, .group = 2},
        SLUICE_INVALID, "group of 2: give 3 to 5, or 0 for the standard");
}
END_TEST

static sluice_schedule_config interleaved(int k, int m, int chunks, int group,
                                          int warm_up)
{
    return (sluice_schedule_config){
        .name = "interleaved-1f1b",
        .devices = k,
        .microbatches = m,
        .chunks = chunks,
        .group = group,
        .warm_up = warm_up,
    };
}

static sluice_schedule_config plain(const char *name, int devices,
                                    int microbatches)
{
    return (sluice_schedule_config){
        .name = name, .devices = devices, .microbatches = microbatches};
}

START_TEST(schedules_that_need_certain_numbers_say_so)
{
    assert_refused(plain("dualpipe", 3, 6), SLUICE_INVALID,
                   "3 devices and 6 micro-batches: give an even number");
    assert_refused(plain("dualpipe", 2, 5), SLUICE_INVALID, "even number");
    assert_refused(plain("dualpipe", 4, 6), SLUICE_INVALID, "twice as many");
    assert_refused(plain("dualpipe-v", 3, 5), SLUICE_INVALID, "at least 6");
    assert_refused(plain("pipedream-2bw", 2, 5), SLUICE_INVALID,
                   "5 micro-batches in groups of 2: give a multiple");
}
END_TEST

START_TEST(vertical_sync_uses_the_first_device_s_version_everywhere)
{
    sluice_schedule *schedule = NULL;
    sluice_schedule_config config = plain("pipedream", 2, 3);
    config.vertical_sync = true;
    ck_assert_int_eq(sluice_schedule_generate(&config, &schedule, NULL), 0);
    char text[1024];
    sluice_schedule_format(schedule, text, sizeof text);
    ck_assert_str_eq(text, "0:   0F0@1   0F1@1     0B0 0UPDATE   0F2@2     0B1 "
                           "0UPDATE     0B2 0UPDATE\n"
                           "1:   1F0@1     1B0 1UPDATE   1F1@1     1B1 1UPDATE "
                           "  1F2@2     1B2 1UPDATE\n");
    sluice_device_facts facts[2];
    ck_assert_int_eq(sluice_schedule_verify(
                         schedule, &(sluice_verify_config){0}, facts, NULL),
                     SLUICE_OK);
    for (int d = 0; d < 2; d++) {
        ck_assert_int_eq(facts[d].peak_versions, 2);
        ck_assert_int_eq(facts[d].max_staleness, 1);
    }
    sluice_schedule_destroy(schedule);
}
END_TEST

START_TEST(parameters_out_of_range_are_refused)
{
    assert_refused(interleaved(2, 4, -1, 0, 0), SLUICE_INVALID, "chunks of -1");
    assert_refused(interleaved(2, 4, 2049, 0, 0), SLUICE_INVALID,
                   "chunks of 2049");
    assert_refused(interleaved(2, 4, 0, 1, 0), SLUICE_INVALID, "group of 1");
    assert_refused(interleaved(2, 4, 0, 65537, 0), SLUICE_INVALID,
                   "group of 6553");
    assert_refused(interleaved(2, 4, 0, 0, -1), SLUICE_INVALID,
                   "warm-up of -1");
    assert_refused(interleaved(2, 4, 0, 0, 65537), SLUICE_INVALID,
                   "warm-up of 65");
}
END_TEST

START_TEST(chunks_limit_only_those_who_have_them)
{
    sluice_schedule_config config = {
        .name = "1f1b",
        .devices = SLUICE_SCHEDULE_MAX_DEVICES,
        .microbatches = 1,
    };
    sluice_schedule *schedule;
    ck_assert_int_eq(sluice_schedule_generate(&config, &schedule, NULL),
                     SLUICE_OK);
    sluice_schedule_destroy(schedule);
    config.name = "looped-bfs";
    assert_refused(config, SLUICE_INVALID, "8192 stages");
}
END_TEST

START_TEST(what_no_queue_could_run_is_refused)
{
    assert_refused(interleaved(4, 5, 3, 0, 0), SLUICE_INVALID,
                   "4 devices, 5 micro-batches, 3 chunks, groups of 4 and a "
                   "warm-up of 2 deadlocks");
    assert_refused(interleaved(4, 8, 2, 0, 3), SLUICE_INVALID, "deadlocks");
}
END_TEST

START_TEST(interleaving_by_whole_groups_is_never_refused)
{
    for (int k = 1; k <= 8; k++)
        for (int m = 1; m <= 24; m++)
            for (int chunks = 1; chunks <= 4; chunks++)
                for (int warm_up = 1; warm_up <= 2; warm_up++) {
                    int group = m % k ? m : k;
                    sluice_schedule_config config = interleaved(
                        k, m, chunks, group < k ? k : group, warm_up);
                    sluice_schedule *schedule;
                    ck_assert_int_eq(
                        sluice_schedule_generate(&config, &schedule, NULL),
                        SLUICE_OK);
                    sluice_schedule_destroy(schedule);
                }
}
END_TEST

SLUICE_TEST_MAIN("sched.generators", gpipe_runs_the_backwards_in_reverse,
                 gpipe_runs_the_backwards_in_order_if_asked,
                 one_forward_one_backward_warms_up_by_distance_to_the_end,
                 eager_one_forward_one_backward_warms_up_twice_as_far,
                 interleaving_takes_a_group_through_each_chunk,
                 breadth_first_takes_all_microbatches_through_each_chunk,
                 zero_bubble_delays_weight_gradients_by_the_device,
                 the_way_back_of_a_v_ends_where_it_began,
                 fewer_microbatches_than_devices_are_no_special_case,
                 forward_has_forwards_only, no_name_means_gpipe,
                 every_option_has_its_words_and_its_place,
                 every_generator_has_a_name_and_a_summary,
                 an_unknown_name_is_refused_with_the_known_ones,
                 numbers_out_of_range_are_refused,
                 schedules_that_need_certain_numbers_say_so,
                 vertical_sync_uses_the_first_device_s_version_everywhere,
                 parameters_out_of_range_are_refused,
                 chunks_limit_only_those_who_have_them,
                 what_no_queue_could_run_is_refused,
                 interleaving_by_whole_groups_is_never_refused)

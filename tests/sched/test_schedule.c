/* Building schedules by hand. */
#include "sched/schedule.h"

#include <sluice/schedule_text.h>

#include <string.h>

#include "sched/failing.h"
#include "support/guarded.h"
#include "support/runner.h"

static const int straight[] = {0, 1, 2, 3};

static sluice_schedule *make(int devices, int stages, int microbatches)
{
    sluice_schedule *schedule = NULL;
    ck_assert_int_eq(sluice_schedule_create(devices, stages, microbatches,
                                            straight, NULL, &schedule, NULL),
                     SLUICE_OK);
    return schedule;
}

START_TEST(what_was_appended_is_read_back_in_order)
{
    const int stage_device[] = {0, 1, 0};
    sluice_schedule *schedule;
    ck_assert_int_eq(
        sluice_schedule_create(2, 3, 100, stage_device, NULL, &schedule, NULL),
        SLUICE_OK);
    for (int m = 0; m < 100; m++)
        ck_assert_int_eq(sluice_schedule_append(schedule, 1,
                                                (sluice_action){SLUICE_F, 1, m},
                                                NULL),
                         SLUICE_OK);
    int n;
    sluice_schedule_actions(schedule, 0, &n);
    ck_assert_int_eq(n, 0);
    const sluice_action *actions = sluice_schedule_actions(schedule, 1, &n);
    ck_assert_int_eq(n, 100);
    for (int m = 0; m < 100; m++)
        ck_assert(actions[m].kind == SLUICE_F && actions[m].stage == 1 &&
                  actions[m].microbatch == m);
    ck_assert_int_eq(sluice_schedule_n_devices(schedule), 2);
    ck_assert_int_eq(sluice_schedule_n_stages(schedule), 3);
    ck_assert_int_eq(sluice_schedule_n_microbatches(schedule), 100);
    for (int s = 0; s < 3; s++)
        ck_assert_int_eq(sluice_schedule_stage_device(schedule, s),
                         stage_device[s]);
    sluice_schedule_destroy(schedule);
}
END_TEST

static void assert_create_refused(int devices, int stages, int microbatches,
                                  const int *stage_device, const char *says)
{
    sluice_diag why;
    sluice_schedule *schedule = NULL;
    ck_assert_int_eq(sluice_schedule_create(devices, stages, microbatches,
                                            stage_device, NULL, &schedule,
                                            &why),
                     SLUICE_INVALID);
    ck_assert_ptr_null(schedule);
    ck_assert_msg(strstr(why.text, says) != NULL, "%s", why.text);
}

START_TEST(sizes_out_of_range_are_refused_with_the_numbers)
{
    assert_create_refused(0, 1, 1, straight, "0 devices: give 1 to 4096");
    assert_create_refused(4097, 1, 1, straight, "4097 devices: give 1 to 4096");
    assert_create_refused(1, 0, 1, straight, "0 stages: give 1 to 4096");
    assert_create_refused(1, 4097, 1, straight, "4097 stages: give 1 to 4096");
    assert_create_refused(1, 1, 0, straight,
                          "0 micro-batches: give 1 to 65536");
    assert_create_refused(1, 1, 65537, straight,
                          "65537 micro-batches: give 1 to 65536");
    assert_create_refused(2, 3, 1, straight,
                          "stage 2 is placed on device 2: there are devices 0 "
                          "to 1");
    assert_create_refused(2, 1, 1, (const int[]){-1},
                          "stage 0 is placed on device -1");
    sluice_diag why;
    sluice_schedule *schedule = NULL;
    ck_assert_int_eq(sluice_schedule_create_copies(3, 3, 2, 2, straight, NULL,
                                                   &schedule, &why),
                     SLUICE_INVALID);
    ck_assert_str_eq(why.text, "3 stages in 2 copies: give each copy the same "
                               "number of stages");
    for (int copies = 0; copies <= SLUICE_MAX_COPIES + 1;
         copies += SLUICE_MAX_COPIES + 1) {
        ck_assert_int_eq(sluice_schedule_create_copies(
                             3, 3, copies, 2, straight, NULL, &schedule, &why),
                         SLUICE_INVALID);
        ck_assert_ptr_nonnull(strstr(why.text, "copies: give 1 to "));
    }
    ck_assert_ptr_null(schedule);
}
END_TEST

START_TEST(the_largest_sizes_are_allowed)
{
    static int map[SLUICE_MAX_STAGES];
    for (int s = 0; s < SLUICE_MAX_STAGES; s++)
        map[s] = s % SLUICE_SCHEDULE_MAX_DEVICES;
    sluice_schedule *schedule;
    ck_assert_int_eq(sluice_schedule_create(
                         SLUICE_SCHEDULE_MAX_DEVICES, SLUICE_MAX_STAGES,
                         SLUICE_MAX_MICROBATCHES, map, NULL, &schedule, NULL),
                     SLUICE_OK);
    sluice_schedule_destroy(schedule);
}
END_TEST

static void assert_append_refused(int device, sluice_action action,
                                  const char *says)
{
    sluice_schedule *schedule = make(2, 2, 4);
    sluice_diag why;
    ck_assert_int_eq(sluice_schedule_append(schedule, device, action, &why),
                     SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, says) != NULL, "%s", why.text);
    ck_assert_int_eq(schedule->programs[0].n + schedule->programs[1].n, 0);
    sluice_schedule_destroy(schedule);
}

START_TEST(actions_out_of_range_are_refused_with_the_numbers)
{
    assert_append_refused(-1, (sluice_action){SLUICE_F, 0, 0}, "device -1");
    assert_append_refused(2, (sluice_action){SLUICE_F, 0, 0},
                          "device 2: there are devices 0 to 1");
    assert_append_refused(0, (sluice_action){-1, 0, 0}, "kind -1");
    assert_append_refused(0, (sluice_action){SLUICE_N_ACTION_KINDS, 0, 0},
                          "kind 15: there are kinds 0 to 14");
    assert_append_refused(0, (sluice_action){SLUICE_F, -1, 0}, "stage -1");
    assert_append_refused(0, (sluice_action){SLUICE_F, 2, 0},
                          "stage 2: there are stages 0 to 1");
    assert_append_refused(0, (sluice_action){SLUICE_F, 0, -1},
                          "micro-batch -1: there are micro-batches 0 to 3");
    assert_append_refused(0, (sluice_action){SLUICE_F, 0, 4}, "micro-batch 4");
    assert_append_refused(0, (sluice_action){SLUICE_UPDATE, 0, 0},
                          "UPDATE has micro-batch -1");
    assert_append_refused(0, (sluice_action){SLUICE_UNSHARD, 0, 0},
                          "of micro-batch 0: they have micro-batch -1");
    assert_append_refused(0, (sluice_action){SLUICE_REDUCE_GRAD, 0, -1, 1},
                          "RESHARD with version 1: there is one");
    assert_append_refused(0, (sluice_action){SLUICE_RECV_B, 0, 0, 1},
                          "SEND or RECV with version 1");
    assert_append_refused(0, (sluice_action){SLUICE_F, 0, 0, -1},
                          "an action with version -1 of the weights: 4 "
                          "micro-batches make versions 1 to 5;");
    assert_append_refused(0, (sluice_action){SLUICE_F, 0, 0, 6}, "version 6");
}
END_TEST

START_TEST(each_version_that_the_micro_batches_make_is_allowed)
{
    sluice_schedule *schedule = make(1, 1, 4);
    for (int version = 0; version <= 5; version++)
        ck_assert_int_eq(
            sluice_schedule_append(
                schedule, 0, (sluice_action){SLUICE_F, 0, 3, version}, NULL),
            SLUICE_OK);
    sluice_schedule_destroy(schedule);
}
END_TEST

/* A schedule of 2 devices with UPDATEs of stage 0 and 1, as many as given. */
static sluice_schedule *make_updating(int n0, int n1)
{
    sluice_schedule *schedule = make(2, 2, 3);
    for (int s = 0; s < 2; s++) {
        sluice_schedule_append(schedule, s, (sluice_action){SLUICE_F, s, 2},
                               NULL);
        for (int i = 0; i < (s ? n1 : n0); i++)
            sluice_schedule_append(schedule, s,
                                   (sluice_action){SLUICE_UPDATE, s, -1}, NULL);
    }
    return schedule;
}

START_TEST(the_most_updates_of_a_stage_are_counted)
{
    static const int n[][2] = {{0, 0}, {0, 1}, {1, 0}, {1, 1}, {2, 3}, {3, 2}};
    for (size_t i = 0; i < sizeof n / sizeof *n; i++) {
        sluice_schedule *schedule = make_updating(n[i][0], n[i][1]);
        ck_assert_int_eq(sluice_schedule_n_updates(schedule),
                         n[i][0] > n[i][1] ? n[i][0] : n[i][1]);
        sluice_schedule_destroy(schedule);
    }
}
END_TEST

START_TEST(a_copy_has_all_of_the_original_or_there_is_none)
{
    sluice_schedule *schedule = make_updating(1, 2);
    strcpy(schedule->remark, "read aloud");
    sluice_status st;
    int n = 0;
    do {
        struct failing failing = {.fail_at = ++n};
        sluice_allocator allocator = failing_allocator(&failing);
        sluice_schedule *copy = NULL;
        st = sl_schedule_copy(schedule, &allocator, &copy, NULL);
        ck_assert_int_eq(st,
                         failing.n_calls >= n ? SLUICE_NO_MEMORY : SLUICE_OK);
        ck_assert((copy != NULL) == (st == SLUICE_OK));
        for (int d = 0; copy && d < 2; d++) {
            ck_assert_int_eq(copy->programs[d].n, schedule->programs[d].n);
            ck_assert_mem_eq(
                copy->programs[d].actions, schedule->programs[d].actions,
                (size_t)copy->programs[d].n * sizeof(sluice_action));
            ck_assert_str_eq(sluice_schedule_remark(copy), "read aloud");
        }
        sluice_schedule_destroy(copy);
        ck_assert_int_eq(failing.n_live, 0);
    } while (st);
    ck_assert_int_gt(n, 5);
    sluice_schedule_destroy(schedule);
}
END_TEST

START_TEST(a_list_with_room_takes_its_actions_without_more)
{
    struct failing failing = {0};
    sluice_allocator allocator = failing_allocator(&failing);
    sluice_schedule *schedule;
    ck_assert(!sluice_schedule_create(2, 2, 9, straight, &allocator, &schedule,
                                      NULL));
    int n_calls = failing.n_calls;
    ck_assert(!sl_schedule_reserve(schedule, 0, 0, NULL));
    ck_assert_int_eq(failing.n_calls, n_calls);
    ck_assert(!sl_schedule_reserve(schedule, 1, 9, NULL));
    ck_assert_int_eq(failing.n_calls, n_calls + 1);
    for (int m = 0; m < 9; m++)
        ck_assert(!sluice_schedule_append(
            schedule, 1, (sluice_action){SLUICE_F, 1, m}, NULL));
    ck_assert_int_eq(failing.n_calls, n_calls + 1);
    failing.fail_at = n_calls + 2;
    ck_assert_int_eq(sl_schedule_reserve(schedule, 0, 1, NULL),
                     SLUICE_NO_MEMORY);
    sluice_schedule_destroy(schedule);
    ck_assert_int_eq(failing.n_live, 0);
}
END_TEST

START_TEST(what_a_config_leaves_open_is_settled)
{
    const sluice_allocator a = {0}, b = {0};
    sluice_schedule_config settled =
        sl_schedule_standards(&(sluice_schedule_config){0}, &a);
    ck_assert_int_eq(settled.devices, 1);
    ck_assert_int_eq(settled.microbatches, 1);
    ck_assert_ptr_eq(settled.allocator, &a);
    settled = sl_schedule_standards(&(sluice_schedule_config){.devices = 3,
                                                              .microbatches = 5,
                                                              .allocator = &b},
                                    &a);
    ck_assert_int_eq(settled.devices, 3);
    ck_assert_int_eq(settled.microbatches, 5);
    ck_assert_ptr_eq(settled.allocator, &b);
}
END_TEST

START_TEST(a_full_list_refuses_another_action)
{
    sluice_schedule *schedule = make(1, 1, 1);
    sluice_diag why;
    schedule->programs[0].n = SLUICE_MAX_ACTIONS;
    ck_assert_int_eq(sluice_schedule_append(
                         schedule, 0, (sluice_action){SLUICE_F, 0, 0}, &why),
                     SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, "33554432 actions") != NULL, "%s", why.text);
    schedule->programs[0].n = 0;
    sluice_schedule_destroy(schedule);
}
END_TEST

/* Arrays that fill whole lines, so that one element too many is a fault. */
START_TEST(nothing_behind_the_arrays_is_read_or_written)
{
    enum { DEVICES = 8, STAGES = 16, ACTIONS = 8 };
    int *stage_device =
        guarded_allocate(NULL, STAGES * sizeof *stage_device, 64);
    sluice_schedule *schedule, *copy;
    for (int s = 0; s < STAGES; s++)
        stage_device[s] = s % DEVICES;
    ck_assert(!sluice_schedule_create(DEVICES, STAGES, ACTIONS, stage_device,
                                      &guarded, &schedule, NULL));
    guarded_release(NULL, stage_device, STAGES * sizeof *stage_device);
    for (int d = 0; d < DEVICES; d++)
        for (int m = 0; m < ACTIONS; m++)
            ck_assert(!sluice_schedule_append(
                schedule, d, (sluice_action){SLUICE_F, d, m}, NULL));
    ck_assert(!sl_schedule_copy(schedule, &guarded, &copy, NULL));
    ck_assert_int_eq(sluice_schedule_n_updates(copy), 0);
    ck_assert(!sluice_schedule_is_lowered(copy));
    sluice_schedule_destroy(copy);
    sluice_schedule_destroy(schedule);
}
END_TEST

START_TEST(destroying_nothing_is_allowed)
{
    sluice_schedule_destroy(NULL);
}
END_TEST

START_TEST(actions_are_written_as_pytorch_writes_them)
{
    static const char *const want[] = {
        "2F7",      "2B7",      "2I7",          "2W7",      "2R7",
        "2S7",      "2T7",      "2UPDATE",      "2SEND_F7", "2RECV_F7",
        "2SEND_B7", "2RECV_B7", "2REDUCE_GRAD", "2UNSHARD", "2RESHARD"};
    char text[SLUICE_DIAG_ACTION];
    for (int kind = 0; kind < SLUICE_N_ACTION_KINDS; kind++) {
        bool of_stage = kind == SLUICE_UPDATE || kind >= SLUICE_REDUCE_GRAD;
        int m = of_stage ? -1 : 7;
        sluice_action action = {kind, 2, m};
        ck_assert_str_eq(sluice_action_format(action, text, sizeof text),
                         want[kind]);
    }
    ck_assert_str_eq(
        sluice_action_format((sluice_action){99, 2, 7}, text, sizeof text),
        "2?7");
    ck_assert_str_eq(
        sluice_action_format((sluice_action){-1, 2, 7}, text, sizeof text),
        "2?7");
    ck_assert_str_eq(
        sluice_action_format((sluice_action){SLUICE_F, 12, 7}, text, 4), "12F");
}
END_TEST

SLUICE_TEST_MAIN("sched.schedule", what_was_appended_is_read_back_in_order,
                 sizes_out_of_range_are_refused_with_the_numbers,
                 the_largest_sizes_are_allowed,
                 actions_out_of_range_are_refused_with_the_numbers,
                 each_version_that_the_micro_batches_make_is_allowed,
                 the_most_updates_of_a_stage_are_counted,
                 a_copy_has_all_of_the_original_or_there_is_none,
                 a_list_with_room_takes_its_actions_without_more,
                 what_a_config_leaves_open_is_settled,
                 a_full_list_refuses_another_action,
                 nothing_behind_the_arrays_is_read_or_written,
                 destroying_nothing_is_allowed,
                 actions_are_written_as_pytorch_writes_them)

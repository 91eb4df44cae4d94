/* The verifier's rules and sentences, one by one; agreement with execution is
 * tested in test_mutants.c and test_random.c. */
#include "sched/naive.h"

#include <stdio.h>

#include "sched/every.h"
#include "sched/failing.h"
#include "support/runner.h"

/* A plan on `devices` devices, one stage each, from text such as
 * "0F0 0B0 0U|1F0 1B0 1U": a list per device. */
static struct plan parse(int devices, int microbatches, const char *text)
{
    struct plan plan = {
        .devices = devices, .stages = devices, .microbatches = microbatches};
    int d = 0;
    for (int s = 0; s < devices; s++)
        plan.stage_device[s] = s;
    while (*text) {
        if (*text == '|')
            d++;
        if (*text == '|' || *text == ' ') {
            text++;
            continue;
        }
        int kind = (int)(strchr("FBIWRSTU", text[1]) - "FBIWRSTU");
        int m = kind == SLUICE_UPDATE ? -1 : text[2] - '0';
        plan_append(&plan, d, kind, text[0] - '0', m);
        text += kind == SLUICE_UPDATE ? 2 : 3;
    }
    return plan;
}

static void assert_accepted(const struct plan *plan, int capacity)
{
    sluice_diag why;
    sluice_status st = plan_verify(plan, capacity, false, &why);
    ck_assert_msg(st == SLUICE_OK, "%s", st ? why.text : "");
}

static void assert_refused(const struct plan *plan, int capacity, int device,
                           const char *action, const char *text)
{
    sluice_diag why;
    ck_assert_int_eq(plan_verify(plan, capacity, false, &why), SLUICE_SCHEDULE);
    ck_assert_str_eq(why.text, text);
    ck_assert_int_eq(why.device, device);
    ck_assert_str_eq(why.action, action);
    /* The caller may not want to know why. */
    ck_assert_int_eq(plan_verify(plan, capacity, false, NULL), SLUICE_SCHEDULE);
}

START_TEST(a_missing_action_is_named_with_the_device_it_belongs_to)
{
    struct plan plan = parse(2, 2,
                             "0F0 0F1 0B1 0B0 0U|"
                             "1F0 1B1 1B0 1U");
    assert_refused(&plan, 2, 1, "1F1",
                   "complete: 1F1 is missing: add it to the list of device "
                   "1, which holds stage 1");
    plan = parse(2, 2, "0F0 1F0 0F1 1B1 1B0 0B1 0B0 0U 1U|");
    plan.stage_device[1] = 0;
    assert_refused(&plan, 2, 0, "1F1",
                   "complete: 1F1 is missing: add it to the list of device "
                   "0, which holds stage 1");
    plan = parse(1, 2, "0F0 0F1 0B1 0U");
    assert_refused(&plan, 2, 0, "0B0",
                   "complete: 0B0 is missing: add it to the list of device "
                   "0, which holds stage 0");
    plan = parse(1, 1, "0F0 0U");
    assert_refused(&plan, 2, 0, "0B0",
                   "complete: 0B0 is missing: all actions are forwards, which "
                   "can be simulated, but a step needs a backward for each");
    plan = parse(1, 1, "0F0 0I0 0U");
    assert_refused(&plan, 2, 0, "0W0",
                   "complete: 0W0 is missing: add it to the list of device "
                   "0, which holds stage 0");
    plan = parse(1, 1, "0F0 0W0 0U");
    assert_refused(&plan, 2, 0, "0I0",
                   "complete: 0I0 is missing: add it to the list of device "
                   "0, which holds stage 0");
    plan = parse(1, 1, "0F0 0B0");
    assert_refused(&plan, 2, 0, "0UPDATE",
                   "complete: 0UPDATE is missing: add it to the list of "
                   "device 0, which holds stage 0");
}
END_TEST

START_TEST(an_action_on_the_wrong_device_is_refused)
{
    struct plan plan = parse(2, 1, "0F0 0B0 0U 1U|1F0 1B0");
    assert_refused(&plan, 2, 0, "1UPDATE",
                   "complete: 1UPDATE at position 3 of device 0 is in the "
                   "wrong list: move it to device 1, which holds stage 1");
}
END_TEST

START_TEST(an_action_that_is_there_twice_is_refused)
{
    struct plan plan = parse(1, 1, "0F0 0R0 0R0 0B0 0U");
    assert_refused(&plan, 2, 0, "0R0",
                   "complete: 0R0 at position 2 of device 0 is there twice: "
                   "remove one");
    plan = parse(1, 1, "0F0 0B0 0U 0U");
    assert_refused(&plan, 2, 0, "0UPDATE",
                   "complete: 0UPDATE at position 3 of device 0 is there "
                   "twice: after that at position 2 no gradient comes: "
                   "remove one");
}
END_TEST

START_TEST(a_full_backward_and_a_half_of_one_do_not_go_together)
{
    struct plan plan = parse(1, 1, "0F0 0B0 0W0 0U");
    assert_refused(&plan, 2, 0, "0W0",
                   "complete: 0W0 at position 2 of device 0 gives its stage a "
                   "B and half of one of this micro-batch: give either B, or I "
                   "and W");
}
END_TEST

START_TEST(forward_only_has_forwards_and_nothing_else)
{
    struct plan plan = parse(1, 2, "0F0 0F1 0U");
    sluice_diag why;
    ck_assert_int_eq(plan_verify(&plan, 2, true, &why), SLUICE_SCHEDULE);
    ck_assert_str_eq(why.text,
                     "complete: 0UPDATE at position 2 of device 0 is not a "
                     "forward: a forward-only schedule has nothing else");
    plan.n[0] = 2;
    ck_assert_int_eq(plan_verify(&plan, 2, true, &why), SLUICE_OK);
}
END_TEST

START_TEST(a_backward_before_its_recompute_is_out_of_order)
{
    struct plan plan = parse(1, 1, "0F0 0B0 0R0 0U");
    assert_refused(&plan, 2, 0, "0B0",
                   "order: 0B0 at position 1 of device 0 waits for 0R0, which "
                   "comes later in the same list: put 0R0 first");
}
END_TEST

START_TEST(a_weight_gradient_before_its_input_gradient_is_out_of_order)
{
    struct plan plan = parse(1, 1, "0F0 0W0 0I0 0U");
    assert_refused(&plan, 2, 0, "0W0",
                   "order: 0W0 at position 1 of device 0 waits for 0I0, which "
                   "comes later in the same list: put 0I0 first");
}
END_TEST

START_TEST(nothing_follows_an_update)
{
    struct plan plan = parse(1, 2, "0F0 0F1 0B1 0U 0B0");
    assert_refused(&plan, 2, 0, "0B0",
                   "order: 0B0 at position 4 of device 0 follows the UPDATE at "
                   "position 3, which waits until all devices have done their "
                   "backward actions: put UPDATEs last");
    plan = parse(1, 1, "0U 0F0 0B0");
    assert_refused(&plan, 2, 0, "0F0",
                   "order: 0F0 at position 1 of device 0 follows the UPDATE at "
                   "position 0, which waits until all devices have done their "
                   "backward actions: put UPDATEs last");
    plan = parse(2, 1, "0U 1U 0F0 1F0 1B0 0B0|");
    plan.stage_device[1] = 0;
    assert_refused(&plan, 2, 0, "0F0",
                   "order: 0F0 at position 2 of device 0 follows the UPDATE at "
                   "position 0, which waits until all devices have done their "
                   "backward actions: put UPDATEs last");
}
END_TEST

START_TEST(stages_on_one_device_hand_over_in_its_list)
{
    struct plan plan = parse(2, 1, "1F0 0F0 1B0 0B0 0U 1U|");
    plan.stage_device[1] = 0;
    assert_refused(&plan, 2, 0, "1F0",
                   "order: 1F0 at position 0 of device 0 waits for 0F0, which "
                   "comes later in the same list: put 0F0 first");
    plan = parse(2, 1, "0F0 1F0 0B0 1B0 0U 1U|");
    plan.stage_device[1] = 0;
    assert_refused(&plan, 2, 0, "0B0",
                   "order: 0B0 at position 2 of device 0 waits for 1B0, which "
                   "comes later in the same list: put 1B0 first");
    plan = parse(2, 1, "0F0 1F0 1B0 0B0 0U 1U|");
    plan.stage_device[1] = 0;
    assert_accepted(&plan, 1);
}
END_TEST

START_TEST(neighbours_that_disagree_on_the_order_are_refused)
{
    struct plan plan = parse(2, 2, "0F0 0F1 0B1 0B0 0U|1F1 1F0 1B1 1B0 1U");
    assert_refused(&plan, 2, 1, "1F1",
                   "hand-off: 1F1 at position 0 of device 1 waits for "
                   "micro-batch 1, but the next item that device 0 hands over "
                   "is that of 0F0 (its position 0): let both take the "
                   "micro-batches in one order");
    plan = parse(2, 2, "0F0 0F1 0B1 0B0 0U|1F0 1F1 1I0 1W0 1B1 1U");
    assert_refused(&plan, 2, 0, "0B1",
                   "hand-off: 0B1 at position 2 of device 0 waits for "
                   "micro-batch 1, but the next item that device 1 hands over "
                   "is that of 1I0 (its position 2): let both take the "
                   "micro-batches in one order");
}
END_TEST

START_TEST(a_deadlock_is_named_as_a_cycle)
{
    struct plan plan = parse(2, 4,
                             "0F0 0F1 0F2 0F3 0B0 0B1 0B2 0B3 0U|"
                             "1F0 1B0 1F1 1B1 1F2 1B2 1F3 1B3 1U");
    assert_refused(&plan, 1, 0, "0F3",
                   "deadlock: 0F3 at position 3 of device 0 waits for 1F2 to "
                   "take its output; 1B1 at position 3 of device 1 waits for "
                   "0B0 to take its output: reorder, or enlarge the queues of "
                   "1");
    assert_accepted(&plan, 2);
}
END_TEST

START_TEST(an_order_that_no_queue_can_save_is_a_deadlock_too)
{
    struct plan plan = parse(2, 2,
                             "0F0 0B0 0F1 0B1 0U|"
                             "1F0 1F1 1I0 1W0 1I1 1W1 1U");
    assert_refused(&plan, 4, 0, "0B0",
                   "deadlock: 0B0 at position 1 of device 0 waits for 1I0; 1F1 "
                   "at position 1 of device 1 waits for 0F1: reorder");
}
END_TEST

START_TEST(the_shortest_cycle_is_named_not_who_waits_for_it)
{
    /* Devices 1 and 2 stop each other, device 0 waits for them. */
    struct plan plan = parse(3, 2,
                             "0F0 0F1 0B0 0B1 0U|"
                             "1F0 1B0 1F1 1B1 1U|"
                             "2F0 2F1 2B0 2B1 2U");
    assert_refused(&plan, 2, 1, "1B0",
                   "deadlock: 1B0 at position 1 of device 1 waits for 2B0; 2F1 "
                   "at position 1 of device 2 waits for 1F1: reorder");
}
END_TEST

/* A cycle through `k` devices, two stages on each in loop placement: each
 * wants to finish micro-batch 0 forwards before it starts micro-batch 1, but
 * takes its second stage first. */
static sluice_schedule *ring(int k)
{
    static int map[SLUICE_MAX_STAGES];
    for (int s = 0; s < 2 * k; s++)
        map[s] = s % k;
    sluice_schedule *schedule;
    ck_assert_int_eq(
        sluice_schedule_create(k, 2 * k, 1, map, NULL, &schedule, NULL),
        SLUICE_OK);
    for (int d = 0; d < k; d++) {
        int first = d == 0 ? k : d; /* device 0 wants stage k before stage 0 */
        int second = d == 0 ? 0 : k + d;
        sluice_schedule_append(schedule, d, (sluice_action){SLUICE_F, first, 0},
                               NULL);
        sluice_schedule_append(schedule, d,
                               (sluice_action){SLUICE_F, second, 0}, NULL);
    }
    return schedule;
}

static void assert_ring(int k, const char *text)
{
    sluice_schedule *schedule = ring(k);
    sluice_diag why;
    ck_assert_int_eq(
        sluice_schedule_verify(schedule,
                               &(sluice_verify_config){.forward_only = true},
                               NULL, &why),
        SLUICE_SCHEDULE);
    ck_assert_str_eq(why.text, text);
    sluice_schedule_destroy(schedule);
}

START_TEST(a_cycle_of_any_length_fits_the_sentence)
{
    assert_ring(3, "deadlock: 3F0 at position 0 of device 0 waits for 2F0; 2F0 "
                   "at position 0 of device 2 waits for 1F0; 1F0 at position 0 "
                   "of device 1 waits for 0F0: reorder");
    assert_ring(64, "deadlock: 64F0 at position 0 of device 0 waits for 63F0; "
                    "63F0 at position 0 of device 63 waits for 62F0; and so "
                    "on, through 64 devices: reorder");
}
END_TEST

START_TEST(a_cycle_of_a_thousand_devices_is_found)
{
    assert_ring(1024, "deadlock: 1024F0 at position 0 of device 0 waits for "
                      "1023F0; 1023F0 at position 0 of device 1023 waits for "
                      "1022F0; and so on, through 1024 devices: reorder");
}
END_TEST

START_TEST(a_negative_capacity_is_refused)
{
    struct plan plan = parse(1, 1, "0F0 0B0 0U");
    sluice_diag why;
    ck_assert_int_eq(plan_verify(&plan, -1, false, &why), SLUICE_INVALID);
    ck_assert_ptr_nonnull(strstr(why.text, "capacity of -1"));
}
END_TEST

START_TEST(no_capacity_means_two)
{
    struct plan four = parse(2, 4,
                             "0F0 0F1 0F2 0F3 0B0 0B1 0B2 0B3 0U|"
                             "1F0 1B0 1F1 1B1 1F2 1B2 1F3 1B3 1U");
    assert_accepted(&four, 0);
    struct plan six =
        parse(2, 6,
              "0F0 0F1 0F2 0F3 0F4 0F5 0B0 0B1 0B2 0B3 0B4 0B5 0U|"
              "1F0 1B0 1F1 1B1 1F2 1B2 1F3 1B3 1F4 1B4 1F5 1B5 1U");
    assert_refused(&six, 0, 0, "0F5",
                   "deadlock: 0F5 at position 5 of device 0 waits for 1F3 to "
                   "take its output; 1B2 at position 5 of device 1 waits for "
                   "0B0 to take its output: reorder, or enlarge the queues of "
                   "2");
    assert_accepted(&six, 3);
}
END_TEST

START_TEST(a_split_backward_is_live_until_its_weight_gradient)
{
    struct plan plan = parse(1, 2, "0F0 0I0 0F1 0W0 0I1 0W1 0U");
    sluice_schedule *schedule = plan_build(&plan);
    sluice_device_facts facts;
    ck_assert_int_eq(sluice_schedule_verify(
                         schedule, &(sluice_verify_config){0}, &facts, NULL),
                     SLUICE_OK);
    ck_assert_int_eq(facts.peak_activations, 2);
    ck_assert_int_eq(facts.peak_inner, 2);
    sluice_schedule_destroy(schedule);
}
END_TEST

START_TEST(facts_are_not_written_on_refusal)
{
    struct plan plan = parse(1, 1, "0F0");
    sluice_schedule *schedule = plan_build(&plan);
    sluice_device_facts facts = {.n_actions = 42};
    ck_assert_int_eq(sluice_schedule_verify(
                         schedule, &(sluice_verify_config){0}, &facts, NULL),
                     SLUICE_SCHEDULE);
    ck_assert_int_eq(facts.n_actions, 42);
    sluice_schedule_destroy(schedule);
}
END_TEST

START_TEST(a_short_list_with_large_numbers_costs_little)
{
    static int map[SLUICE_MAX_STAGES];
    struct failing failing = {0};
    sluice_allocator allocator = failing_allocator(&failing);
    sluice_schedule *schedule;
    ck_assert_int_eq(sluice_schedule_create(1, SLUICE_MAX_STAGES,
                                            SLUICE_MAX_MICROBATCHES, map,
                                            &allocator, &schedule, NULL),
                     SLUICE_OK);
    sluice_diag why;
    ck_assert_int_eq(sluice_schedule_verify(
                         schedule, &(sluice_verify_config){0}, NULL, &why),
                     SLUICE_SCHEDULE);
    ck_assert_str_eq(why.action, "0F0");
    ck_assert_uint_lt(failing.total_bytes, 1 << 20);
    sluice_schedule_destroy(schedule);
    ck_assert_int_eq(failing.n_live, 0);
}
END_TEST

START_TEST(a_million_actions_are_verified)
{
    sluice_schedule *schedule;
    ck_assert_int_eq(sluice_schedule_generate(
                         &(sluice_schedule_config){.name = "1f1b",
                                                   .devices = 8,
                                                   .microbatches = 62500},
                         &schedule, NULL),
                     SLUICE_OK);
    sluice_device_facts facts[8];
    ck_assert_int_eq(sluice_schedule_verify(
                         schedule, &(sluice_verify_config){0}, facts, NULL),
                     SLUICE_OK);
    for (int d = 0; d < 8; d++)
        ck_assert_int_eq(facts[d].n_actions, 125001);
    sluice_schedule_destroy(schedule);
}
END_TEST

START_TEST(neighbours_on_one_device_take_micro_batches_in_one_order)
{
    struct plan plan = parse(2, 2, "0F0 0F1 1F1 1F0 1B1 0B1 1B0 0B0 0U 1U");
    plan.devices = 1;
    plan.stage_device[1] = 0;
    sluice_diag why;
    ck_assert_int_eq(plan_verify(&plan, 2, false, &why), SLUICE_SCHEDULE);
    ck_assert_msg(
        !strncmp(why.text, "hand-off: 1F1 at position 2 of device 0", 39), "%s",
        why.text);
}
END_TEST

START_TEST(a_device_that_would_hold_too_much_is_refused_at_the_action)
{
    const int64_t input[] = {10, 3}, inner[] = {100, 7};
    struct plan plan = parse(2, 3,
                             "0F0 0F1 0F2 0B2 0B1 0B0 0U|"
                             "1F0 1F1 1F2 1R2 1B2 1B1 1B0 1U");
    sluice_schedule *schedule = plan_build(&plan);
    sluice_device_facts facts[2];
    sluice_diag why;
    sluice_verify_config config = {.input_bytes = input, .inner_bytes = inner};
    ck_assert(!sluice_schedule_verify(schedule, &config, facts, NULL));
    ck_assert_int_eq(facts[0].peak_bytes, 3 * 110);
    ck_assert_int_eq(facts[1].peak_bytes, 3 * 3 + 3 * 7);
    config.device_bytes = 330;
    ck_assert(!sluice_schedule_verify(schedule, &config, NULL, NULL));
    config.device_bytes = 329;
    ck_assert_int_eq(sluice_schedule_verify(schedule, &config, NULL, &why),
                     SLUICE_SCHEDULE);
    ck_assert_str_eq(why.text,
                     "memory: 0F2 at position 2 of device 0 brings it to 330 "
                     "bytes of activations, and it may hold 329: do backwards "
                     "earlier, or recompute");
    ck_assert_str_eq(why.action, "0F2");
    config.device_bytes = -1;
    ck_assert_int_eq(sluice_schedule_verify(schedule, &config, NULL, &why),
                     SLUICE_INVALID);
    config.device_bytes = 329;
    config.inner_bytes = (const int64_t[]){-1, 7};
    ck_assert_int_eq(sluice_schedule_verify(schedule, &config, NULL, &why),
                     SLUICE_INVALID);
    config.inner_bytes = (const int64_t[]){INT64_MAX / 4, 7};
    ck_assert_int_eq(sluice_schedule_verify(schedule, &config, NULL, &why),
                     SLUICE_INVALID);
    sluice_schedule_destroy(schedule);
}
END_TEST

START_TEST(edges_lead_forward_within_a_copy_and_have_a_place)
{
    static const struct {
        sluice_schedule_edge edge;
        sluice_status status;
    } edges[] = {
        {{0, 3, 4}, SLUICE_OK},       {{1, 1, 0}, SLUICE_OK},
        {{-1, 1, 1}, SLUICE_INVALID}, {{0, 4, 1}, SLUICE_INVALID},
        {{2, 1, 1}, SLUICE_INVALID},  {{0, 1, 0}, SLUICE_INVALID},
        {{1, 1, -1}, SLUICE_INVALID},
    };
    sluice_schedule *schedule = every_make("1f1b", 4, 4);
    for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) {
        const sluice_verify_config config = {.edges = &edges[i].edge,
                                             .n_edges = 1};
        ck_assert_msg(sluice_schedule_verify(schedule, &config, NULL, NULL) ==
                          edges[i].status,
                      "edge %zu", i);
    }
    sluice_schedule_destroy(schedule);
    schedule = every_make("dualpipe", 2, 4);
    const sluice_schedule_edge across = {1, 2, 1};
    const sluice_verify_config config = {.edges = &across, .n_edges = 1};
    ck_assert_int_eq(sluice_schedule_verify(schedule, &config, NULL, NULL),
                     SLUICE_INVALID);
    sluice_schedule_destroy(schedule);
}
END_TEST

SLUICE_TEST_MAIN("sched.verify",
                 a_missing_action_is_named_with_the_device_it_belongs_to,
                 an_action_on_the_wrong_device_is_refused,
                 an_action_that_is_there_twice_is_refused,
                 a_full_backward_and_a_half_of_one_do_not_go_together,
                 forward_only_has_forwards_and_nothing_else,
                 a_backward_before_its_recompute_is_out_of_order,
                 a_weight_gradient_before_its_input_gradient_is_out_of_order,
                 nothing_follows_an_update,
                 stages_on_one_device_hand_over_in_its_list,
                 neighbours_that_disagree_on_the_order_are_refused,
                 a_deadlock_is_named_as_a_cycle,
                 an_order_that_no_queue_can_save_is_a_deadlock_too,
                 the_shortest_cycle_is_named_not_who_waits_for_it,
                 a_cycle_of_any_length_fits_the_sentence,
                 a_cycle_of_a_thousand_devices_is_found,
                 a_negative_capacity_is_refused, no_capacity_means_two,
                 a_split_backward_is_live_until_its_weight_gradient,
                 facts_are_not_written_on_refusal,
                 a_short_list_with_large_numbers_costs_little,
                 a_million_actions_are_verified,
                 neighbours_on_one_device_take_micro_batches_in_one_order,
                 a_device_that_would_hold_too_much_is_refused_at_the_action,
                 edges_lead_forward_within_a_copy_and_have_a_place)

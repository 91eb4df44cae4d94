/* Sends and receives spelled out: the pass, its inverse, and what the verifier
 * says about them. */
#include <sluice/schedule_passes.h>
#include <sluice/schedule_text.h>
#include <sluice/simulate.h>

#include "sched/every.h"
#include "support/runner.h"

static sluice_schedule *lower(const sluice_schedule *schedule, int capacity)
{
    sluice_diag why = {.text = ""};
    sluice_schedule *out = NULL;
    ck_assert_msg(!sluice_schedule_lower(schedule, capacity, &out, &why), "%s",
                  why.text);
    return out;
}

START_TEST(hand_offs_stand_around_their_actions)
{
    sluice_schedule *plain = every_make("1f1b", 3, 1), *out = lower(plain, 1);
    assert_text(out, "0:      0F0 0SEND_F0 0RECV_B0      0B0  0UPDATE\n"
                     "1: 1RECV_F0      1F0 1SEND_F0 1RECV_B0      1B0 "
                     "1SEND_B0  1UPDATE\n"
                     "2: 2RECV_F0      2F0      2B0 2SEND_B0  2UPDATE\n");
    ck_assert(sluice_schedule_is_lowered(out));
    ck_assert(!sluice_schedule_is_lowered(plain));
    sluice_schedule_destroy(out);
    sluice_schedule_destroy(plain);
}
END_TEST

static const int64_t costs[SLUICE_N_ACTION_KINDS] = {
    [SLUICE_F] = 10, [SLUICE_B] = 23, [SLUICE_I] = 12,
    [SLUICE_W] = 11, [SLUICE_R] = 9,  [SLUICE_UPDATE] = 3};

static sluice_simulation *simulate(const sluice_schedule *schedule,
                                   const int64_t *of, int capacity,
                                   sluice_time_share *devices,
                                   sluice_time_share *all)
{
    sluice_diag why = {.text = ""};
    sluice_simulation *simulation = NULL;
    const sluice_simulate_config config = {
        .costs_ns = of, .latency_ns = 4, .queue_capacity = capacity};
    ck_assert_msg(!sluice_simulate(schedule, &config, &simulation, &why), "%s",
                  why.text);
    sluice_simulation_account(simulation, devices, all);
    return simulation;
}

static void assert_shares(const sluice_time_share *a,
                          const sluice_time_share *b)
{
    ck_assert_int_eq(a->makespan_ns, b->makespan_ns);
    ck_assert_int_eq(a->busy_ns, b->busy_ns);
    ck_assert_int_eq(a->wait_ns, b->wait_ns);
}

/* The same times, to the nanosecond, and by the trace too. */
static void assert_same_times(const struct every *of,
                              const sluice_schedule *lowered)
{
    sluice_time_share plain[EVERY_DEVICES], spelled[EVERY_DEVICES];
    sluice_time_share traced[EVERY_DEVICES], all, other;
    sluice_simulation *a =
        simulate(of->schedule, costs, of->capacity, plain, &all);
    sluice_simulation *b =
        simulate(lowered, costs, of->capacity, spelled, &other);
    sluice_trace_account(sluice_simulation_trace(b), traced, &other);
    for (int d = 0; d < of->devices; d++) {
        assert_shares(&plain[d], &spelled[d]);
        assert_shares(&spelled[d], &traced[d]);
    }
    ck_assert_int_eq(sluice_simulation_trace(a)->end_ns,
                     sluice_simulation_trace(b)->end_ns);
    sluice_simulation_destroy(b);
    sluice_simulation_destroy(a);
}

static void check_one(const struct every *of)
{
    sluice_schedule *out = lower(of->schedule, of->capacity), *back = NULL;
    sluice_device_facts plain[EVERY_DEVICES], facts[EVERY_DEVICES];
    assert_runs_too(of, out, facts);
    every_verify(of->schedule, of->capacity, plain, NULL);
    for (int d = 0; d < of->devices; d++) {
        ck_assert_int_eq(facts[d].peak_activations, plain[d].peak_activations);
        ck_assert_int_eq(facts[d].peak_versions, plain[d].peak_versions);
        ck_assert_int_eq(facts[d].max_staleness, plain[d].max_staleness);
    }
    assert_same_times(of, out);
    ck_assert_int_eq(sluice_schedule_raise(out, of->capacity, &back, NULL),
                     SLUICE_OK);
    assert_same(back, of->schedule);
    sluice_schedule_destroy(back);
    sluice_schedule_destroy(out);
}

START_TEST(every_lowered_schedule_runs_alike_and_raises_to_what_it_was)
{
    ck_assert_int_gt(for_every(check_one), 100);
}
END_TEST

START_TEST(what_hand_offs_cost_is_no_work)
{
    int64_t dear[SLUICE_N_ACTION_KINDS];
    memcpy(dear, costs, sizeof dear);
    dear[SLUICE_SEND_F] = 5;
    dear[SLUICE_RECV_B] = 2;
    sluice_schedule *plain = every_make("gpipe", 2, 1), *out = lower(plain, 1);
    sluice_time_share devices[2], all;
    sluice_simulation *simulation = simulate(out, dear, 1, devices, &all);
    /* F, SEND_F, hop, F, B, hop, B; RECV_B is posted at once. */
    ck_assert_int_eq(all.makespan_ns, 10 + 5 + 4 + 10 + 23 + 4 + 23);
    ck_assert_int_eq(devices[0].busy_ns, 33);
    ck_assert_int_eq(devices[0].wait_ns, 4 + 10 + 23 + 4 - 2);
    sluice_simulation_destroy(simulation);
    sluice_schedule_destroy(out);
    sluice_schedule_destroy(plain);
}
END_TEST

START_TEST(lowering_twice_is_invalid_and_raising_twice_is_a_copy)
{
    sluice_diag why;
    sluice_schedule *plain = every_make("1f1b", 2, 2), *out = lower(plain, 0);
    sluice_schedule *again = NULL;
    ck_assert_int_eq(sluice_schedule_lower(out, 0, &again, &why),
                     SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, "raise it first") != NULL, "%s", why.text);
    ck_assert_int_eq(sluice_schedule_lower(plain, -1, &again, &why),
                     SLUICE_INVALID);
    ck_assert_int_eq(sluice_schedule_raise(plain, -1, &again, &why),
                     SLUICE_INVALID);
    ck_assert_int_eq(sluice_schedule_raise(plain, 0, &again, &why), SLUICE_OK);
    assert_same(again, plain);
    sluice_schedule_destroy(again);
    sluice_schedule_destroy(out);
    sluice_schedule_destroy(plain);
}
END_TEST

START_TEST(passes_that_move_actions_want_them_raised)
{
    sluice_schedule *plain = every_make("1f1b", 2, 2), *out = lower(plain, 0);
    sluice_schedule *passed = NULL;
    sluice_diag why;
    const sluice_recompute_config early = {.remat = SLUICE_REMAT_ALWAYS,
                                           .early = true};
    ck_assert_int_eq(sluice_schedule_recompute(out, &early, &passed, &why),
                     SLUICE_INVALID);
    ck_assert_int_eq(
        sluice_schedule_warm_up(out, (const int[]){1, 0}, 0, &passed, &why),
        SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, "warm it up") != NULL, "%s", why.text);
    sluice_schedule_destroy(out);
    sluice_schedule_destroy(plain);
}
END_TEST

static sluice_schedule *parse(const char *text)
{
    sluice_schedule *schedule = NULL;
    ck_assert_int_eq(sluice_schedule_parse_csv(text, strlen(text),
                                               SLUICE_CSV_NEW, NULL, &schedule,
                                               NULL),
                     SLUICE_OK);
    return schedule;
}

static void assert_refused(const char *text, const char *says)
{
    sluice_schedule *schedule = parse(text);
    sluice_diag why = {.text = ""};
    ck_assert_int_eq(every_verify(schedule, 1, NULL, &why), SLUICE_SCHEDULE);
    ck_assert_msg(strstr(why.text, says) != NULL, "%s", why.text);
    sluice_schedule_destroy(schedule);
}

START_TEST(a_refusal_names_an_action_of_the_list_that_is_lowered)
{
    sluice_schedule *schedule = parse("0F0,0B0,0F1,0B1\n1F0,1F1,1B0,1B1\n");
    sluice_schedule *lowered = NULL;
    sluice_diag why = {.text = ""};
    ck_assert_int_eq(sluice_schedule_lower(schedule, 0, &lowered, &why),
                     SLUICE_SCHEDULE);
    ck_assert_str_eq(why.action, "0B0");
    ck_assert_msg(strstr(why.text, "0B0 at position 1") != NULL, "%s",
                  why.text);
    ck_assert_ptr_null(lowered);
    sluice_schedule_destroy(schedule);
}
END_TEST

START_TEST(a_hand_off_without_its_like_is_refused_at_its_cell)
{
    assert_refused("0F0,0SEND_F0,0RECV_B0,0B0\n1RECV_F0,1F0,1B0\n",
                   "complete: 1SEND_B0 is missing: add it to the list of "
                   "device 1");
    assert_refused("0F0,0SEND_F0,0B0\n1RECV_F0,1F0,1B0,1SEND_B0\n",
                   "complete: 0RECV_B0 is missing");
    assert_refused("0F0,0SEND_F0,0SEND_F0,0RECV_B0,0B0\n"
                   "1RECV_F0,1F0,1B0,1SEND_B0\n",
                   "complete: 0SEND_F0 at position 2 of device 0 is there "
                   "twice");
    assert_refused("0RECV_F0,0F0,0SEND_F0,0RECV_B0,0B0\n"
                   "1RECV_F0,1F0,1B0,1SEND_B0\n",
                   "complete: 0RECV_F0 at position 0 of device 0 has no other "
                   "end");
}
END_TEST

START_TEST(hand_offs_stand_on_the_right_side_of_their_action)
{
    assert_refused("0SEND_F0,0F0,0RECV_B0,0B0\n1RECV_F0,1F0,1B0,1SEND_B0\n",
                   "order: 0SEND_F0 at position 0 of device 0 waits for 0F0");
    assert_refused("0F0,0SEND_F0,0B0,0RECV_B0\n1RECV_F0,1F0,1B0,1SEND_B0\n",
                   "order: 0B0 at position 2 of device 0 waits for 0RECV_B0");
    assert_refused("0F0,0SEND_F0,0RECV_B0,0B0\n"
                   "1RECV_F0,1F0,1B0,1UPDATE,1SEND_B0\n",
                   "order: 1SEND_B0 at position 4 of device 1 follows the "
                   "UPDATE");
}
END_TEST

START_TEST(sends_and_receives_have_one_order)
{
    assert_refused("0F0,0F1,0SEND_F1,0SEND_F0,0RECV_B0,0B0,0RECV_B1,0B1\n"
                   "1RECV_F0,1F0,1RECV_F1,1F1,1B0,1SEND_B0,1B1,1SEND_B1\n",
                   "hand-off: 1RECV_F0 at position 0 of device 1 waits for "
                   "micro-batch 0, but the next item that device 0 hands over "
                   "is that of 0SEND_F1 (its position 2)");
}
END_TEST

START_TEST(a_deadlock_names_the_hand_offs_of_its_cycle)
{
    static const char text[] =
        "0F0,0SEND_F0,0F1,0SEND_F1,0RECV_B0,0B0,0RECV_B1,0B1\n"
        "1RECV_F0,1F0,1B0,1SEND_B0,1RECV_F1,1F1,1B1,1SEND_B1\n";
    sluice_schedule *schedule = parse(text);
    ck_assert_int_eq(every_verify(schedule, 1, NULL, NULL), SLUICE_OK);
    sluice_schedule_destroy(schedule);
    assert_refused("0F0,0SEND_F0,0RECV_B0,0B0,0F1,0SEND_F1,0RECV_B1,0B1\n"
                   "1RECV_F0,1F0,1RECV_F1,1F1,1B0,1SEND_B0,1B1,1SEND_B1\n",
                   "deadlock: 0B0 at position 3 of device 0 waits for "
                   "1SEND_B0; 1F1 at position 3 of device 1 waits for "
                   "0SEND_F1");
    assert_refused(
        "0F0,0F1,0F2,0F3,0SEND_F0,0SEND_F1,0SEND_F2,0SEND_F3,"
        "0RECV_B0,0B0,0RECV_B1,0B1,0RECV_B2,0B2,0RECV_B3,0B3\n"
        "1RECV_F0,1F0,1B0,1SEND_B0,1RECV_F1,1F1,1B1,1SEND_B1,"
        "1RECV_F2,1F2,1B2,1SEND_B2,1RECV_F3,1F3,1B3,1SEND_B3\n",
        "deadlock: 0SEND_F3 at position 7 of device 0 waits for 1RECV_F2 to "
        "take its output; 1SEND_B1 at position 7 of device 1 waits for "
        "0RECV_B0 to take its output");
}
END_TEST

/* PyTorch's 1f1b: a RECV before what hands its peer over. */
START_TEST(a_receive_is_posted_and_waits_for_nobody)
{
    static const char early[] =
        "0F0,0SEND_F0,0RECV_B0,0RECV_B1,0F1,0SEND_F1,0B0,0B1\n"
        "1RECV_F0,1RECV_F1,1F0,1B0,1SEND_B0,1F1,1B1,1SEND_B1\n";
    sluice_schedule *schedule = parse(early), *raised = NULL, *again;
    sluice_time_share shares[2], all, other;
    for (int capacity = 1; capacity <= 2; capacity++) {
        ck_assert_int_eq(every_verify(schedule, capacity, NULL, NULL),
                         SLUICE_OK);
        ck_assert_int_eq(
            sluice_schedule_raise(schedule, capacity, &raised, NULL),
            SLUICE_OK);
        again = lower(raised, capacity);
        sluice_simulation *a =
            simulate(schedule, costs, capacity, shares, &all);
        sluice_simulation *b = simulate(again, costs, capacity, shares, &other);
        ck_assert_int_eq(all.makespan_ns, other.makespan_ns);
        ck_assert_int_eq(all.wait_ns, other.wait_ns);
        /* Posted at the end of the SEND, whatever comes when. */
        const sluice_trace_event *events =
            sluice_simulation_trace(a)->events[0];
        ck_assert_int_eq(events[2].end_ns, 10);
        ck_assert_int_eq(events[3].input_wait_ns, 0);
        ck_assert_int_eq(events[6].start_ns, 10 + 4 + 10 + 23 + 4);
        sluice_simulation_destroy(b);
        sluice_simulation_destroy(a);
        sluice_schedule_destroy(again);
        sluice_schedule_destroy(raised);
    }
    sluice_schedule_destroy(schedule);
}
END_TEST

START_TEST(a_refusal_to_raise_says_that_hand_offs_are_left_out)
{
    static const char early[] =
        "0F0,0SEND_F0,0F1,0SEND_F1,0F2,0SEND_F2,0RECV_B0,0B0,0RECV_B1,0B1,"
        "0RECV_B2,0B2\n"
        "1RECV_F0,1RECV_F1,1RECV_F2,1F0,1B0,1SEND_B0,1F1,1B1,1SEND_B1,1F2,1B2,"
        "1SEND_B2\n";
    sluice_schedule *schedule = parse(early), *raised = NULL;
    ck_assert_int_eq(every_verify(schedule, 1, NULL, NULL), SLUICE_OK);
    ck_assert_int_eq(sluice_schedule_raise(schedule, 1, &raised, NULL),
                     SLUICE_OK);
    sluice_schedule_destroy(raised);
    sluice_schedule_destroy(schedule);
    schedule = parse("0F0,0SEND_F0,0F1,0SEND_F1,0F2,0F3,0SEND_F2,0SEND_F3,"
                     "0RECV_B0,0RECV_B1,0RECV_B2,0RECV_B3,0B0,0B1,0B2,0B3\n"
                     "1RECV_F0,1RECV_F1,1RECV_F2,1RECV_F3,1F0,1B0,1SEND_B0,"
                     "1F1,1B1,1SEND_B1,1F2,1B2,1SEND_B2,1F3,1B3,1SEND_B3\n");
    sluice_diag why = {.text = ""};
    ck_assert_int_eq(every_verify(schedule, 1, NULL, NULL), SLUICE_OK);
    ck_assert_int_eq(sluice_schedule_raise(schedule, 1, &raised, &why),
                     SLUICE_SCHEDULE);
    ck_assert_msg(strstr(why.text, "deadlock: 0F3 at position 3 ") != NULL &&
                      strstr(why.text, " (in the lists without sends and "
                                       "receives)") != NULL,
                  "%s", why.text);
    sluice_schedule_destroy(schedule);
}
END_TEST

/* With one place, the second SEND needs the first item received: it is, for its
 * RECV was posted before. */
START_TEST(a_posted_receive_makes_room_as_its_item_arrives)
{
    static const char posted[] =
        "0F0,0SEND_F0,0F1,0SEND_F1\n1RECV_F0,1RECV_F1,1F0,1F1\n";
    static const char late[] =
        "0F0,0SEND_F0,0F1,0SEND_F1\n1RECV_F0,1F0,1RECV_F1,1F1\n";
    const int64_t slow[SLUICE_N_ACTION_KINDS] = {[SLUICE_F] = 3};
    sluice_time_share all;
    for (int i = 0; i < 2; i++) {
        sluice_schedule *schedule = parse(i ? late : posted);
        sluice_simulation *simulation = simulate(schedule, slow, 1, NULL, &all);
        const sluice_trace *trace = sluice_simulation_trace(simulation);
        /* Sent at 3, there at 7; the second at 7, there at 11. */
        ck_assert_int_eq(trace->events[0][3].output_wait_ns, 1);
        ck_assert_int_eq(trace->events[1][3].end_ns, 14);
        ck_assert_int_eq(trace->end_ns, 14);
        sluice_simulation_destroy(simulation);
        sluice_schedule_destroy(schedule);
    }
}
END_TEST

SLUICE_TEST_MAIN("sched.lower", a_receive_is_posted_and_waits_for_nobody,
                 a_refusal_to_raise_says_that_hand_offs_are_left_out,
                 a_posted_receive_makes_room_as_its_item_arrives,
                 hand_offs_stand_around_their_actions,
                 every_lowered_schedule_runs_alike_and_raises_to_what_it_was,
                 what_hand_offs_cost_is_no_work,
                 lowering_twice_is_invalid_and_raising_twice_is_a_copy,
                 passes_that_move_actions_want_them_raised,
                 a_refusal_names_an_action_of_the_list_that_is_lowered,
                 a_hand_off_without_its_like_is_refused_at_its_cell,
                 hand_offs_stand_on_the_right_side_of_their_action,
                 sends_and_receives_have_one_order,
                 a_deadlock_names_the_hand_offs_of_its_cycle)

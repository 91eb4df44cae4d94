/* A step executed again takes as long as it did; and what changes it. */
#include "attribution/replay.h"

#include <sluice/simulate.h>

#include "attribution/play.h"
#include "sched/every.h"
#include "support/runner.h"

static struct play p;
static struct sl_index index_of;
static struct sl_replay replay;

static void set_up(const sluice_trace *trace, bool cells_sleep)
{
    sluice_diag why = {.text = ""};
    ck_assert_msg(!sl_index_init(&index_of, trace, NULL, &why), "%s", why.text);
    ck_assert(!sl_replay_init(&replay, &index_of, cells_sleep, &why));
}

static void tear_down(void)
{
    sl_replay_fini(&replay);
    sl_index_fini(&index_of);
}

static int64_t run(int capacity, bool own_cores)
{
    int64_t ns = -1;
    ck_assert(!sl_replay(&replay, capacity, own_cores, &ns, NULL));
    return ns;
}

static int64_t makespan(const sluice_trace *trace)
{
    sluice_time_share all;
    sluice_trace_account(trace, NULL, &all);
    return all.makespan_ns;
}

static bool waited_for_room(const sluice_trace *trace)
{
    for (int d = 0; d < trace->n_devices; d++)
        for (int i = 0; i < trace->n_events[d]; i++)
            if (trace->events[d][i].output_wait_ns)
                return true;
    return false;
}

static int n_full;

/* Later stages are slower, so that queues fill up. */
static void check_one(const struct every *of)
{
    int64_t costs[2 * EVERY_DEVICES][SLUICE_N_ACTION_KINDS];
    for (int s = 0; s < 2 * EVERY_DEVICES; s++)
        for (int kind = 0; kind < SLUICE_N_ACTION_KINDS; kind++)
            costs[s][kind] = (100 + 17 * s) * (kind == SLUICE_B ? 2 : 1);
    sluice_simulation *simulation = NULL;
    const sluice_simulate_config config = {.stage_costs_ns = costs[0],
                                           .queue_capacity = of->capacity};
    ck_assert(!sluice_simulate(of->schedule, &config, &simulation, NULL));
    const sluice_trace *trace = sluice_simulation_trace(simulation);
    set_up(trace, false);
    ck_assert_ptr_nonnull(replay.schedule);
    ck_assert_int_eq(run(of->capacity, false), makespan(trace));
    ck_assert_int_eq(run(of->capacity, true), makespan(trace));
    int capacity = sl_replay_capacity(&replay);
    ck_assert_int_le(capacity, of->capacity);
    if (waited_for_room(trace)) {
        ck_assert_int_eq(capacity, of->capacity);
        n_full++;
    }
    tear_down();
    sluice_simulation_destroy(simulation);
}

START_TEST(every_schedule_takes_as_long_again_with_the_capacity_it_had)
{
    n_full = 0;
    ck_assert_int_gt(for_every(check_one), 100);
    ck_assert_int_gt(n_full, 50);
}
END_TEST

/* A trace of that many equal replicas of `one`. */
static sluice_trace repeat(const sluice_trace *one, int n_replicas)
{
    static const sluice_trace_event *rows[PLAY_DEVICES];
    static int n_events[PLAY_DEVICES];
    sluice_trace many = *one;
    many.n_devices = n_replicas * one->n_devices;
    ck_assert_int_le(many.n_devices, PLAY_DEVICES);
    for (int d = 0; d < many.n_devices; d++) {
        rows[d] = one->events[d % one->n_devices];
        n_events[d] = one->n_events[d % one->n_devices];
    }
    many.events = rows;
    many.n_events = n_events;
    many.n_replicas = n_replicas;
    return many;
}

START_TEST(replicas_run_beside_each_other)
{
    p = (struct play){.forward_ns = 100,
                      .backward_ns = 230,
                      .slow_stage = 1,
                      .slow_ns = 70,
                      .capacity = 2};
    play(&p, "1f1b", 3, 7, SLUICE_IN_ORDER);
    for (int n = 1; n <= 2; n++) {
        sluice_trace trace = repeat(&p.trace, n);
        set_up(&trace, false);
        ck_assert_ptr_nonnull(replay.schedule);
        ck_assert_int_eq(run(2, false), makespan(&p.trace));
        tear_down();
    }
}
END_TEST

START_TEST(with_a_core_of_its_own_an_action_takes_its_cpu_time)
{
    p = (struct play){.forward_ns = 100, .backward_ns = 200};
    play(&p, "gpipe", 3, 5, SLUICE_REVERSE);
    int64_t took = makespan(&p.trace);
    for (int d = 0; d < 3; d++)
        for (int i = 0; i < p.n_events[d]; i++)
            p.events[d][i].cpu_ns /= 4;
    set_up(&p.trace, false);
    ck_assert_int_eq(run(5, false), took);
    ck_assert_int_eq(run(5, true), took / 4);
    tear_down();
    set_up(&p.trace, true);
    ck_assert_int_eq(run(5, true), took);
    tear_down();
}
END_TEST

/* Of K + M - 1 forwards on the longest way, and as many backwards. */
START_TEST(hand_offs_make_their_actions_longer)
{
    enum { K = 3, M = 5, L = 7 };
    p = (struct play){.forward_ns = 100, .backward_ns = 200};
    play(&p, "gpipe", K, M, SLUICE_REVERSE);
    set_up(&p.trace, false);
    for (int d = 0; d < K; d++)
        sl_replay_hand_off(&replay, d, 2 * M * L);
    ck_assert_int_eq(run(M, false), makespan(&p.trace) + 2 * (K + M - 1) * L);
    tear_down();
}
END_TEST

START_TEST(what_is_no_schedule_is_not_executed)
{
    p = (struct play){.forward_ns = 100, .backward_ns = 200};
    play(&p, "gpipe", 2, 3, SLUICE_REVERSE);
    p.events[1][0].action.microbatch = 1; /* before the first device's F1 */
    p.events[1][1].action.microbatch = 0;
    set_up(&p.trace, false);
    ck_assert_int_eq(run(3, false), 0);
    tear_down();
    p.trace.n_devices = 1;
    p.n_events[0] = 0;
    set_up(&p.trace, false);
    ck_assert_ptr_null(replay.schedule);
    ck_assert_int_eq(run(3, false), 0);
    tear_down();
}
END_TEST

SLUICE_TEST_MAIN("report.replay",
                 every_schedule_takes_as_long_again_with_the_capacity_it_had,
                 replicas_run_beside_each_other,
                 with_a_core_of_its_own_an_action_takes_its_cpu_time,
                 hand_offs_make_their_actions_longer,
                 what_is_no_schedule_is_not_executed)

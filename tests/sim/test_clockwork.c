/* The simulator against one that ticks, on random schedules, costs, latencies
 * and capacities. */
#include "sim/ticking.h"

#include "sched/random_plan.h"
#include "sim/priced.h"
#include "support/grid.h"
#include "support/runner.h"

enum { N_SCHEDULES = SL_TEST_STRIDE > 1 ? 400 : 2000 };

static void assert_same_event(const sluice_trace_event *have,
                              const sluice_trace_event *want)
{
    ck_assert_mem_eq(&have->action, &want->action, sizeof want->action);
    ck_assert_int_eq(have->input_wait_ns, want->input_wait_ns);
    ck_assert_int_eq(have->start_ns, want->start_ns);
    ck_assert_int_eq(have->end_ns, want->end_ns);
    ck_assert_int_eq(have->output_wait_ns, want->output_wait_ns);
    ck_assert_int_eq(have->cpu_ns, want->end_ns - want->start_ns);
    ck_assert_int_eq(have->virtual_start_ns, want->start_ns);
    ck_assert_int_eq(have->virtual_end_ns, want->end_ns);
    ck_assert_int_eq(have->virtual_output_wait_ns, want->output_wait_ns);
}

static void assert_same_run(const sluice_trace *trace,
                            const struct ticking *run)
{
    ck_assert_int_eq(trace->n_devices, run->plan->devices);
    ck_assert_int_eq(trace->end_ns, run->now);
    for (int d = 0; d < trace->n_devices; d++) {
        ck_assert_int_eq(trace->n_events[d], run->plan->n[d]);
        for (int i = 0; i < trace->n_events[d]; i++)
            assert_same_event(&trace->events[d][i], &run->events[d][i]);
    }
}

/* Costs of 0 to 6, latency of 0 to 3: ties and zeros are frequent. */
static struct ticking random_prices(const struct plan *plan, struct dice *dice)
{
    struct ticking run = {
        .plan = plan,
        .latency = roll(dice, 4),
        .capacity = 1 + roll(dice, 4),
        .no_barrier = roll(dice, 4) == 0,
    };
    for (int s = 0; s < NAIVE_STAGES; s++)
        for (int kind = 0; kind < SLUICE_N_ACTION_KINDS; kind++)
            run.costs[s][kind] = roll(dice, 7);
    return run;
}

/* Before other actions, up to `by` of them, but behind receives of its kind and
 * stage. */
static void put_early(struct plan *plan, int d, int kind, sluice_action of,
                      int by)
{
    sluice_action *list = plan->list[d];
    int at = plan->n[d]++;
    for (; by > 0 && at > 0 &&
           (list[at - 1].kind != kind || list[at - 1].stage != of.stage);
         by--, at--)
        list[at] = list[at - 1];
    list[at] = (sluice_action){kind, of.stage, of.microbatch};
}

static bool waits_for_room(const struct ticking *run)
{
    for (int d = 0; d < run->plan->devices; d++)
        for (int i = 0; i < run->plan->n[d]; i++)
            if (run->events[d][i].output_wait_ns)
                return true;
    return false;
}

/* Spell the hand-offs out, each receive up to 6 places early, among actions of
 * any kind but other receives of its queue, whose order it keeps. */
static void spell_out(struct plan *plan, struct dice *dice)
{
    struct plan lowered = *plan;
    for (int d = 0; d < plan->devices; d++) {
        lowered.n[d] = 0;
        for (int i = 0; i < plan->n[d]; i++) {
            sluice_action a = plan->list[d][i];
            bool forward = a.kind == SLUICE_F;
            bool hands = forward || a.kind == SLUICE_B || a.kind == SLUICE_I;
            int from = forward ? a.stage - 1 : a.stage;
            int to = forward ? a.stage : a.stage - 1;
            if (hands && naive_crosses(plan, from))
                put_early(&lowered, d, forward ? SLUICE_RECV_F : SLUICE_RECV_B,
                          a, roll(dice, 7));
            lowered.list[d][lowered.n[d]++] = a;
            if (hands && naive_crosses(plan, to))
                plan_append(&lowered, d,
                            forward ? SLUICE_SEND_F : SLUICE_SEND_B, a.stage,
                            a.microbatch);
        }
    }
    *plan = lowered;
}

/* Two skip connections between any stages of one copy. */
static void put_edges(struct plan *plan, struct ticking *run, struct dice *dice)
{
    plan->n_edges = 0;
    if (plan->stages < 2)
        return;
    for (; plan->n_edges < 2; plan->n_edges++) {
        int from = roll(dice, plan->stages - 1);
        int to = from + 1 + roll(dice, plan->stages - 1 - from);
        bool apart = plan->stage_device[from] != plan->stage_device[to];
        plan->edges[plan->n_edges] =
            (sluice_schedule_edge){from, to, apart ? 1 + roll(dice, 5) : 0};
        run->edge_latency[plan->n_edges] = roll(dice, 25);
    }
}

static void compare_runs(bool lowered, bool skipping, int least_waiting)
{
    struct dice dice = {.at = 0};
    int n_run = 0, n_waiting = 0;
    for (int i = 0; i < N_SCHEDULES; i++) {
        struct plan plan;
        random_plan(&plan, &dice);
        if (lowered)
            spell_out(&plan, &dice);
        struct ticking run = random_prices(&plan, &dice);
        if (skipping)
            put_edges(&plan, &run, &dice);
        sluice_schedule *schedule = plan_build(&plan);
        sluice_simulate_config config = {
            .stage_costs_ns = run.costs[0],
            .latency_ns = run.latency,
            .queue_capacity = run.capacity,
            .no_barrier = run.no_barrier,
            .edges = plan.edges,
            .n_edges = plan.n_edges,
            .edge_latency_ns = run.edge_latency,
        };
        run.lowered = naive_is_lowered(&plan);
        sluice_simulation *simulation = NULL;
        sluice_status st =
            sluice_simulate(schedule, &config, &simulation, NULL);
        bool runs = naive_runs(&plan, run.capacity, false);
        ck_assert_int_eq(st, runs ? SLUICE_OK : SLUICE_SCHEDULE);
        if (runs) {
            ticking_run(&run);
            assert_same_run(sluice_simulation_trace(simulation), &run);
            n_waiting += waits_for_room(&run);
            n_run++;
        }
        sluice_simulation_destroy(simulation);
        sluice_schedule_destroy(schedule);
    }
    /* The test means something only if most run, and queues fill up. */
    ck_assert_int_gt(n_run, N_SCHEDULES / 2);
    ck_assert_int_gt(n_waiting, least_waiting);
}

START_TEST(random_runs_are_those_of_a_clock_that_ticks)
{
    compare_runs(false, false, N_SCHEDULES / 10);
}
END_TEST

START_TEST(random_runs_with_hand_offs_are_those_of_a_clock_that_ticks)
{
    /* Receives that are posted early leave queues less full. */
    compare_runs(true, false, N_SCHEDULES / 20);
}
END_TEST

START_TEST(random_runs_with_skip_connections_are_those_of_a_clock_that_ticks)
{
    compare_runs(false, true, N_SCHEDULES / 10);
}
END_TEST

/* gpipe of two devices by hand: F 10 and 30, B 20 and 20. */
static const int64_t uneven[2][SLUICE_N_ACTION_KINDS] = {
    {[SLUICE_F] = 10, [SLUICE_B] = 20, [SLUICE_UPDATE] = 5},
    {[SLUICE_F] = 30, [SLUICE_B] = 20, [SLUICE_UPDATE] = 7},
};

static sluice_simulation *simulate_uneven(int m, int capacity, int64_t latency,
                                          bool no_barrier)
{
    sluice_schedule *schedule = generate("gpipe", 2, m);
    sluice_simulation *simulation =
        simulate(schedule, (sluice_simulate_config){
                               .stage_costs_ns = uneven[0],
                               .latency_ns = latency,
                               .queue_capacity = capacity,
                               .no_barrier = no_barrier,
                           });
    sluice_schedule_destroy(schedule);
    return simulation;
}

/* 0F: 0-10, 10-20, 20-30, 30-40.  1F takes at 10, 40, 70, 100. */
START_TEST(a_producer_waits_for_room_until_an_item_is_taken)
{
    sluice_simulation *one = simulate_uneven(4, 1, 0, false);
    sluice_simulation *many = simulate_uneven(4, 4, 0, false);
    const sluice_trace_event *full = sluice_simulation_trace(one)->events[0];
    const sluice_trace_event *free_run =
        sluice_simulation_trace(many)->events[0];
    ck_assert_int_eq(full[1].output_wait_ns, 0);
    ck_assert_int_eq(full[2].end_ns, 30);
    ck_assert_int_eq(full[2].output_wait_ns, 10); /* until 40 */
    ck_assert_int_eq(full[3].start_ns, 40);
    ck_assert_int_eq(full[3].end_ns, 50);
    ck_assert_int_eq(full[3].output_wait_ns, 20); /* until 70 */
    for (int i = 0; i < 8; i++)
        ck_assert_int_eq(free_run[i].output_wait_ns, 0);
    ck_assert_int_eq(free_run[3].end_ns, 40);
    sluice_simulation_destroy(one);
    sluice_simulation_destroy(many);
}
END_TEST

/* Each takes 100 to arrive, and with one place nothing follows before it has:
 * 4 times 100; with more, they travel together. */
START_TEST(an_item_on_its_way_occupies_the_queue)
{
    sluice_simulation *one = simulate_uneven(4, 1, 100, false);
    sluice_simulation *many = simulate_uneven(4, 4, 100, false);
    ck_assert_int_eq(sluice_simulation_trace(one)->events[1][3].start_ns, 410);
    ck_assert_int_eq(sluice_simulation_trace(many)->events[1][3].start_ns, 200);
    sluice_simulation_destroy(one);
    sluice_simulation_destroy(many);
}
END_TEST

START_TEST(updates_wait_for_the_last_backward_of_all)
{
    sluice_simulation *simulation = simulate_uneven(1, 0, 0, false);
    const sluice_trace *trace = sluice_simulation_trace(simulation);
    /* F 0-10, F 10-40, B 40-60, B 60-80. */
    ck_assert_int_eq(trace->events[0][2].start_ns, 80);
    ck_assert_int_eq(trace->events[1][2].start_ns, 80);
    ck_assert_int_eq(trace->events[1][2].input_wait_ns, 20);
    ck_assert_int_eq(trace->end_ns, 87);
    sluice_simulation_destroy(simulation);
}
END_TEST

START_TEST(without_the_barrier_they_wait_for_no_device)
{
    sluice_simulation *simulation = simulate_uneven(1, 0, 0, true);
    const sluice_trace *trace = sluice_simulation_trace(simulation);
    ck_assert_int_eq(trace->events[1][2].start_ns, 60);
    ck_assert_int_eq(trace->events[1][2].input_wait_ns, 0);
    ck_assert_int_eq(trace->end_ns, 85);
    sluice_simulation_destroy(simulation);
}
END_TEST

SLUICE_TEST_MAIN(
    "sim.clockwork", random_runs_are_those_of_a_clock_that_ticks,
    random_runs_with_hand_offs_are_those_of_a_clock_that_ticks,
    random_runs_with_skip_connections_are_those_of_a_clock_that_ticks,
    a_producer_waits_for_room_until_an_item_is_taken,
    an_item_on_its_way_occupies_the_queue,
    updates_wait_for_the_last_backward_of_all,
    without_the_barrier_they_wait_for_no_device)
